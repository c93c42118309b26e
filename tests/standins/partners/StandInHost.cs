using System.Globalization;
using System.Text.Json.Nodes;

namespace Platform.PartnerStandIns;

/// <summary>Runs both partners on the loopback interface, with their limits, until interrupted.</summary>
internal static class StandInHost
{
    private static async Task<int> Main(string[] args)
    {
        if (args.Length is not (2 or 4) || !int.TryParse(args[0], out var optimizelyPort) || !int.TryParse(args[1], out var brevoPort))
        {
            await Console.Error.WriteLineAsync("usage: Platform.PartnerStandIns OPTIMIZELY_PORT BREVO_PORT [DATAFILE SDK_KEY]");
            return 2;
        }

        await using var optimizely = new OptimizelyStandIn(optimizelyPort);
        await using var brevo = new BrevoStandIn(brevoPort);
        var datafile = args.Length == 4 ? JsonNode.Parse(await File.ReadAllTextAsync(args[2])) : null;

        // Events are of the account that the datafile names.
        var shop = optimizely.Open(new() { AccountId = (string?)datafile?["accountId"] ?? "1", Token = "2:personal-token", EnforcesLimits = true });
        var mails = brevo.Open(new() { ApiKey = "xkeysib-stand-in", EnforcesLimits = true });
        if (datafile is not null)
        {
            shop.Datafiles[args[3]] = datafile.ToJsonString();
            shop.Objects["projects"].Add(new() { ["id"] = long.Parse((string)datafile["projectId"]!, CultureInfo.InvariantCulture), ["name"] = "Shop", ["account_id"] = 1, ["status"] = "active", ["platform"] = "custom" });
        }

        await optimizely.StartAsync();
        await brevo.StartAsync();
        Console.WriteLine($"Optimizely {optimizely.Address} (token {shop.Token}), Brevo {brevo.Address} (key {mails.ApiKey})");
        var stop = new TaskCompletionSource();
        Console.CancelKeyPress += (_, pressed) =>
        {
            pressed.Cancel = true;
            stop.TrySetResult();
        };
        await stop.Task;
        return 0;
    }
}
