using System.Globalization;
using Platform.PartnerStandIns;
using Platform.Testing;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Sync;

/// <summary>The service as a process, killed while it sends. <c>tests/faults/brevo-kills</c> kills it a hundred times.</summary>
public sealed class SurvivingKillsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_sync_whose_process_is_killed_goes_on_and_sends_nothing_twice()
    {
        var kills = int.Parse(Environment.GetEnvironmentVariable("FAULT_ROUNDS") ?? "2", CultureInfo.InvariantCulture);
        var random = new Random(int.Parse(Environment.GetEnvironmentVariable("FAULT_SEED") ?? "1", CultureInfo.InvariantCulture));
        await using var app = OptimizelyBrevoApp.AsProcess();
        await app.InitializeAsync();
        for (var round = 0; round < kills; round++)
        {
            var shop = new Customer(app);
            await shop.ConnectAsync(settings => settings["brevo"]!["listId"] = round % 2 == 0 ? null : 7);
            var contacts = round % 2 == 0 ? 60 : 520;
            // Some answers come so late that the kill falls between Brevo's work and ours.
            shop.Brevo.Play(new Fault(round % 2 == 0 ? "POST /v3/contacts" : "POST /v3/contacts/import", 0, AfterWork: true, Delay: TimeSpan.FromMilliseconds(random.Next(50, 600))) { Times = random.Next(1, 4) });
            await shop.DecideAsync([.. Enumerable.Range(0, contacts).Select(i => Customer.Decision($"kill{round}-{i}@example.com", null, "exp_open", "on", Noon))]);
            var calls = random.Next(1, round % 2 == 0 ? 40 : 2);
            await Until.True(() => shop.Brevo.Calls.Count(call => call.Method == "POST" && !call.Path.Contains("attributes", StringComparison.Ordinal)) >= calls, TimeSpan.FromMinutes(5), TestContext.Current.CancellationToken);

            await app.Process!.KillAsync();
            await app.ExecuteAsync("update syncs set lease_until = clock_timestamp() where lease_until is not null");
            await app.Process.StartAsync();

            var sync = await shop.LastSyncAsync();
            Assert.Equal("succeeded", (string)sync["state"]!);
            Assert.Equal(contacts, (int)sync["counts"]!["sent"]!);
            Assert.Equal(contacts, shop.Brevo.Contacts.Count);
            Assert.All(shop.Brevo.Contacts.Values, contact => Assert.Equal(1, contact.Writes));
        }
    }

    [Fact]
    public async Task A_sync_that_is_stopped_goes_on_after_the_restart_without_sending_twice()
    {
        await using var app = new OptimizelyBrevoApp();
        await app.InitializeAsync();
        var shop = new Customer(app);
        await shop.ConnectAsync();
        shop.Brevo.Play(new Fault("POST /v3/contacts", 204, AfterWork: true, Delay: TimeSpan.FromSeconds(20)) { Times = 4 });
        await shop.DecideAsync([.. Enumerable.Range(0, 12).Select(i => Customer.Decision($"cut{i}@example.com", null, "exp_open", "on", Noon))]);
        await Until.True(async () => await app.QueryAsync<long>("select count(*) from sync_batches where state = 'Sending'") >= 4, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        await app.RestartAsync();
        var sync = await shop.LastSyncAsync();

        Assert.Equal("succeeded", (string)sync["state"]!);
        Assert.Equal(12, (int)sync["counts"]!["sent"]!);
        Assert.All(Enumerable.Range(0, 12), i => Assert.Equal(1, shop.Brevo.Contacts[$"cut{i}@example.com"].Writes));
    }
}
