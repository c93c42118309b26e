using Platform.PartnerStandIns;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Partners;

public sealed class KeepingWithinLimitsTests(OptimizelyBrevoApp app)
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly Customer _shop = new(app);

    [Fact]
    public async Task Contacts_go_out_as_fast_as_Brevo_allows_and_never_faster()
    {
        _shop.Brevo.EnforcesLimits = true;
        _shop.Optimizely.EnforcesLimits = true;
        await _shop.ConnectAsync(settings => settings["brevo"]!["tier"] = "general");
        await _shop.DecideAsync([.. Enumerable.Range(0, 25).Select(i => Customer.Decision($"slow{i}@example.com", null, "exp_open", "on", Noon))]);
        var sync = await _shop.LastSyncAsync();

        Assert.Equal(25, (int)sync["counts"]!["sent"]!);
        Assert.DoesNotContain(_shop.Brevo.Calls.Concat(_shop.Optimizely.Calls), call => call.Status == 429);
    }

    [Fact]
    public async Task A_storm_of_429_is_waited_out_and_nothing_is_sent_twice()
    {
        await _shop.ConnectAsync();
        _shop.Brevo.Play(new Fault("POST /v3/contacts", 429, Headers: new Dictionary<string, string> { ["x-sib-ratelimit-reset"] = "1" }) { Times = 3 });
        _shop.Brevo.Play(new Fault("GET /v3/contacts/attributes", 503));
        await _shop.DecideAsync([.. Enumerable.Range(0, 10).Select(i => Customer.Decision($"storm{i}@example.com", null, "exp_open", "on", Noon))]);
        var sync = await _shop.LastSyncAsync();

        Assert.Equal(10, (int)sync["counts"]!["sent"]!);
        Assert.All(_shop.Brevo.Contacts.Values, contact => Assert.Equal(1, contact.Writes));
        var refused = _shop.Brevo.Calls.Where(call => call.Status == 429).ToList();
        Assert.Equal(3, refused.Count);
        // Whoever had not called yet waits for the reset.
        Assert.DoesNotContain(_shop.Brevo.Calls, call => call is { Status: < 300, Method: "POST", Path: "/v3/contacts" } && call.At > refused[^1].At + TimeSpan.FromSeconds(0.2) && call.At < refused[^1].At + TimeSpan.FromSeconds(0.8));
    }

    [Fact]
    public async Task A_key_that_Brevo_refuses_ends_the_sync_with_the_remedy_and_loses_nothing()
    {
        await _shop.ConnectAsync();
        var key = _shop.Brevo.ApiKey;
        _shop.Brevo.ApiKey = "revoked";
        await _shop.DecideAsync(Customer.Decision("kept@example.com", null, "exp_open", "on", Noon));
        var failed = await _shop.LastSyncAsync();
        Assert.Equal("failed", (string)failed["state"]!);
        Assert.Contains("Create a new one at https://app.brevo.com/settings/keys/api", (string)failed["message"]!, StringComparison.Ordinal);

        _shop.Brevo.ApiKey = key;
        var sync = await _shop.SyncAsync(input => input["scope"] = "decisions");
        Assert.Equal(1, (int)sync["counts"]!["sent"]!);
        Assert.DoesNotContain(app.Log, line => line.Contains(key, StringComparison.Ordinal) || line.Contains("kept@example.com", StringComparison.Ordinal));
    }
}
