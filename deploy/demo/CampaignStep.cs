using System.Globalization;
using System.Text.Json.Nodes;

namespace Platform.Demo;

/// <summary>
/// The seed "Closed-loop interface": recipients go to Optimizely Campaign over SFTP, its log files tell the states, its response files come back into domain tables, and who bounced softly is written to
/// again. The partner is a stand-in on a real OpenSSH server that holds every file against the agreed format byte for byte. Can be repeated.
/// </summary>
internal sealed class CampaignStep(PlatformApi api, DemoOptions options)
{
    private const string Name = "Optimizely Campaign";
    private const long SourceMailing = 44018617811;
    private const int People = 400;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private static readonly string[] FinalStates = ["sent", "invalid", "failed", "cancelled", "import-failed", "start-failed"];

    /// <summary>True when both mailings were sent, their responses came back, and everybody is accounted for.</summary>
    public async Task<bool> RunAsync()
    {
        Step("Recipients to Optimizely Campaign");
        var connection = await ConnectionAsync();
        var list = await ListAsync((string)connection["id"]!);
        var wave = TimeProvider.System.GetUtcNow().ToUnixTimeSeconds();
        var dispatch = await api.PostAsync("/api/campaigns/dispatches", new JsonObject
        {
            ["listId"] = list,
            ["sourceMailingId"] = SourceMailing,
            ["waveId"] = wave,
            ["send"] = true,
            ["recipients"] = new JsonArray([.. Enumerable.Range(0, People).Select(i => (JsonNode)new JsonObject
            {
                ["Email"] = string.Create(CultureInfo.InvariantCulture, $"person{i}.{wave}@example.com"),
                ["First name"] = i % 7 == 0 ? null : $"Person \"{i}\"",
                ["Last name"] = "of Kerry; née Ó Súilleabháin",
            })]),
        });
        dispatch = await SentAsync(dispatch);

        Step("Responses come back");
        var responses = $"/api/campaigns/connections/{connection["id"]}/responses";
        await api.PutAsync(responses, new JsonObject { ["timeOfDay"] = "06:00:00", ["settleSeconds"] = 1 });
        var first = await ReportAsync(connection, dispatch);

        Step("Once more to those whose mail bounced softly");
        var second = await ReportAsync(connection, await SentAsync(await api.PostAsync($"/api/campaigns/dispatches/{dispatch["id"]}/resend", new JsonObject { ["send"] = true })));
        return (long)first["sent"]! + (long)first["notSent"]! == People && (long)second["sent"]! == (long)first["softBounces"]!;
    }

    private async Task<JsonNode> ConnectionAsync()
    {
        var key = await File.ReadAllTextAsync(Path.Combine(options.SftpFolder, "user-key"));
        var host = await File.ReadAllTextAsync(Path.Combine(options.SftpFolder, "host-key.pub"));
        var login = new JsonObject
        {
            ["name"] = $"{Name}, SFTP",
            ["type"] = "sftp",
            ["fields"] = new JsonObject
            {
                ["host"] = "127.0.0.1",
                ["port"] = options.SftpPort,
                ["user"] = Environment.UserName,
                ["privateKey"] = key,
                ["hostKey"] = string.Join(' ', host.Split(' ')[..2]),
            },
        };
        var credential = await api.FindAsync("/api/credentials", "name", (string)login["name"]!) is { } known
            ? await api.PutAsync($"/api/credentials/{known["id"]}", login)
            : await api.PostAsync("/api/credentials", login);
        var files = Path.Combine(options.SftpFolder, "files");
        var body = new JsonObject
        {
            ["name"] = Name,
            ["settings"] = new JsonObject
            {
                ["host"] = "127.0.0.1",
                ["port"] = options.SftpPort,
                ["credentialId"] = (string)credential["id"]!,
                ["recipientDirectory"] = Path.Combine(files, "in"),
                ["logDirectory"] = Path.Combine(files, "log"),
                ["errorDirectory"] = Path.Combine(files, "err"),
                ["responseDirectory"] = Path.Combine(files, "out"),
                ["checkIntervalSeconds"] = 1,
            },
        };
        var connection = await api.FindAsync("/api/campaigns/connections", "name", Name) is { } there
            ? await api.PutAsync($"/api/campaigns/connections/{there["id"]}", body)
            : await api.PostAsync("/api/campaigns/connections", body);
        var test = await api.PostAsync($"/api/campaigns/connections/{connection["id"]}/test");
        Console.WriteLine($"    {test["message"]}");
        return (bool)test["success"]! ? connection : throw new DemoFailedException("the test of the connection did not succeed");
    }

    /// <summary>The seed's main recipient list, agreed by both sides.</summary>
    private async Task<string> ListAsync(string connection)
    {
        const string name = "Main recipient list";
        if (await api.FindAsync("/api/campaigns/recipient-lists", "name", name) is { } known)
        {
            return (string)known["id"]!;
        }

        var list = await api.PostAsync("/api/campaigns/recipient-lists", new JsonObject
        {
            ["name"] = name,
            ["connectionId"] = connection,
            ["fields"] = new JsonArray(Varchar("Email"), Bigint("broadmail_ID"), Bigint("WAVE_ID"), Varchar("Salutation"), Varchar("First name"), Varchar("Last name")),
        });
        var confirm = $"/api/campaigns/recipient-lists/{list["id"]}/versions/1/confirm";
        await api.PostAsync(confirm, new JsonObject { ["side"] = "us" });
        await api.PostAsync(confirm, new JsonObject { ["side"] = "partner", ["reference"] = "the stand-in's agreement" });
        return (string)list["id"]!;

        static JsonObject Varchar(string field) => new() { ["name"] = field, ["type"] = "varchar", ["length"] = 255 };
        static JsonObject Bigint(string field) => new() { ["name"] = field, ["type"] = "bigint" };
    }

    private async Task<JsonNode> SentAsync(JsonNode dispatch)
    {
        var told = 0;
        dispatch = await UntilAsync($"/api/campaigns/dispatches/{dispatch["id"]}", found =>
        {
            foreach (var change in found["history"]!.AsArray().Skip(told))
            {
                Console.WriteLine($"    {found["id"]} {change!["state"]}{(change["message"] is { } message ? $": {message}" : "")}");
                told++;
            }

            return FinalStates.Contains((string)found["state"]!);
        });
        return (string)dispatch["state"]! == "sent" ? dispatch : throw new DemoFailedException($"dispatch {dispatch["id"]} is {dispatch["state"]}: {dispatch["message"]}");
    }

    /// <summary>What became of the dispatch's mailing, once its responses are imported; the partner exports them after it has told that the mailing is sent.</summary>
    private async Task<JsonNode> ReportAsync(JsonNode connection, JsonNode dispatch)
    {
        var responses = $"/api/campaigns/connections/{connection["id"]}/responses";
        for (var tries = 0; tries < 5; tries++)
        {
            var asked = await api.PostAsync($"{responses}/import", new JsonObject());
            var run = await UntilAsync(responses, found => ImportOf(found, asked)["endedAt"] is not null);
            Console.WriteLine($"    {asked["runId"]} {ImportOf(run, asked)["state"]}: {ImportOf(run, asked)["message"]}");
            var reports = await api.GetAsync($"/api/campaigns/reports/{connection["id"]}/mailings");
            if (reports["items"]!.AsArray().FirstOrDefault(report => (long)report!["mailingId"]! == (long)dispatch["mailingId"]!) is { } found)
            {
                Console.WriteLine($"    mailing {found["mailingId"]}: {found["sent"]} sent, {found["notSent"]} not; {found["delivered"]} delivered, {found["hardBounces"]} hard and {found["softBounces"]} soft bounces;"
                    + $" {found["opens"]} opened ({Percent(found["openRate"])}; {found["automaticOpens"]} more by mail programs), {found["clicks"]} clicked ({Percent(found["clickRate"])}),"
                    + $" {found["unsubscribes"]} left ({Percent(found["unsubscribeRate"])}), {found["responses"]} answered");
                return found;
            }
        }

        throw new DemoFailedException($"the responses of mailing {dispatch["mailingId"]} did not come");
    }

    private static JsonNode ImportOf(JsonNode state, JsonNode asked) => state["imports"]!.AsArray().Single(import => (string)import!["runId"]! == (string)asked["runId"]!)!;

    private static string Percent(JsonNode? rate) => rate is null ? "no rate" : ((double)rate).ToString("0.0 %", CultureInfo.InvariantCulture);

    private async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> accepted)
    {
        var clock = TimeProvider.System;
        for (var since = clock.GetTimestamp(); clock.GetElapsedTime(since) < Patience; await Task.Delay(TimeSpan.FromMilliseconds(300)))
        {
            var found = await api.GetAsync(path);
            if (accepted(found))
            {
                return found;
            }
        }

        throw new DemoFailedException($"after {Patience.TotalMinutes:0} minutes {path} was still not where it should be");
    }

    private static void Step(string title) => Console.WriteLine($"{Environment.NewLine}== {title}");
}
