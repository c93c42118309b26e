using System.Globalization;

namespace Platform.CampaignStandIns;

/// <summary>Plays Optimizely Campaign on the directory of an SFTP account until interrupted.</summary>
internal static class StandInHost
{
    private static async Task<int> Main(string[] args)
    {
        if (args.Length is not (1 or 2) || (args.Length == 2 && !int.TryParse(args[1], CultureInfo.InvariantCulture, out _)))
        {
            await Console.Error.WriteLineAsync("usage: Platform.CampaignStandIns FOLDER [MILLISECONDS_BETWEEN_LOOKS]");
            return 2;
        }

        var every = args.Length == 2 ? TimeSpan.FromMilliseconds(int.Parse(args[1], CultureInfo.InvariantCulture)) : TimeSpan.FromMinutes(10);
        await using var campaign = new CampaignStandIn(new() { Folder = args[0], Every = every }, TimeProvider.System);
        campaign.Start();
        Console.WriteLine($"Looks into {Path.Combine(args[0], "in")} every {every.TotalSeconds:0.###} s.");
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
