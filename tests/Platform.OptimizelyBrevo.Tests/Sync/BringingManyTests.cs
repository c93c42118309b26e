using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Sync;

/// <summary>Many contacts with Brevo's limits in force. <c>tests/faults/brevo-million</c> brings a million, with the service as a process whose memory is watched.</summary>
public sealed class BringingManyTests(OptimizelyBrevoApp shared, ITestOutputHelper output)
{
    [Fact]
    public async Task A_whole_table_of_users_is_decided_and_imported_within_the_budget_and_each_contact_is_checked()
    {
        var rows = int.Parse(Environment.GetEnvironmentVariable("FAULT_ROWS") ?? "2000", CultureInfo.InvariantCulture);
        var own = rows > 10_000 ? OptimizelyBrevoApp.AsProcess() : null;
        var app = own ?? shared;
        if (own is not null)
        {
            await own.InitializeAsync();
        }

        try
        {
            var shop = new Customer(app);
            shop.Brevo.EnforcesLimits = true;
            await app.ExecuteAsync($"create table domain.\"Many{shop.Number}:Users\" as select 'many' || i || '@example.com' as visitor_id, case when i % 2 = 0 then 'f' else 'm' end as sex from generate_series(1, {rows}) i");
            await shop.ConnectAsync(settings =>
            {
                settings["brevo"]!["tier"] = "general";
                settings["brevo"]!["listId"] = 7;
                settings["sources"] = new JsonArray(new JsonObject { ["table"] = $"Many{shop.Number}:Users", ["kind"] = "users", ["attributes"] = new JsonObject { ["sex"] = "a" } });
            });

            var (decided, dry, dryMemory) = await MeasureAsync(app, shop, dryRun: true);
            Assert.Equal(rows, (int)dry["counts"]!["changed"]!);
            var (sent, sync, memory) = await MeasureAsync(app, shop, dryRun: false);

            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{rows} users: decided and compared in {decided.TotalSeconds:0.0} s, brought to Brevo in {sent.TotalSeconds:0.0} s; memory at most {dryMemory >> 20} and {memory >> 20} MB"));
            foreach (var calls in shop.Brevo.Calls.GroupBy(call => $"{call.Method} {call.Path.Split('?')[0]}").OrderByDescending(calls => calls.Count()).Take(5))
            {
                output.WriteLine($"{calls.Key}: {calls.Count()} calls");
            }

            Assert.Equal((rows, 0), ((int)sync["counts"]!["sent"]!, (int)sync["counts"]!["rejected"]!));
            Assert.Equal(rows, shop.Brevo.Contacts.Count);
            Assert.All(shop.Brevo.Contacts.Values, contact => Assert.Equal(1, contact.Writes));
            Assert.DoesNotContain(shop.Brevo.Calls, call => call.Status == 429);
            // Brevo's own ceiling for single calls is one contact each: imports must need far fewer.
            Assert.True(shop.Brevo.Calls.Count < 20 + (rows / 100), $"{shop.Brevo.Calls.Count} calls");
            Assert.True(own is null || memory < 400L << 20, $"{memory >> 20} MB");
        }
        finally
        {
            if (own is not null)
            {
                await own.DisposeAsync();
            }
        }
    }

    private static async Task<(TimeSpan Time, JsonObject Sync, long Memory)> MeasureAsync(OptimizelyBrevoApp app, Customer shop, bool dryRun)
    {
        var (watch, memory) = (Stopwatch.StartNew(), 0L);
        var id = await shop.StartAsync(input => input["dryRun"] = dryRun);
        var sync = await Testing.Until.Is(
            async () =>
            {
                memory = app.Process?.Id is { } process ? Math.Max(memory, ProcessMemory.OfTree(process)) : 0;
                return await shop.ReadSyncAsync(id);
            }, each => (string?)each["phase"] == "finished", TimeSpan.FromMinutes(30));
        return (watch.Elapsed, sync, memory);
    }
}
