using System.Globalization;
using Xunit;

namespace Platform.Couriers.Tests.Runs;

public sealed class FirstByteTests(CouriersApp app, ITestOutputHelper output)
{
    /// <summary>The goal is a median of 150 ms on an idle system; tests share theirs, so only what a lost wake-up would cost (a poll of a second) fails.</summary>
    private static readonly TimeSpan LostWakeUp = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_run_starts_at_once_and_not_at_the_next_poll()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutDayAsync(bucket);
        var courier = await app.CreateAsync(app.NewOptimizelyCourier(bucket));
        var waited = new List<TimeSpan>();
        for (var i = 0; i < 15; i++)
        {
            var run = await app.RunAsync(courier, new { mode = "day", date = CouriersApp.Day, force = true });
            waited.Add(At(run["firstByteAt"]) - At(run["requestedAt"]));
        }

        waited.Sort();
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"first byte after {waited[0].TotalMilliseconds:0} / {waited[7].TotalMilliseconds:0} / {waited[^1].TotalMilliseconds:0} ms (least, median, most)"));
        Assert.True(waited[7] < LostWakeUp, $"The median is {waited[7].TotalMilliseconds:0} ms.");
    }

    private static DateTimeOffset At(System.Text.Json.Nodes.JsonNode? time) => DateTimeOffset.Parse((string)time!, CultureInfo.InvariantCulture);
}
