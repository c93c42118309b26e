using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.PartnerStandIns;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Sync;

public sealed class BringingContactsUpToDateTests(OptimizelyBrevoApp app)
{
    private readonly Customer _shop = new(app);

    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task A_told_decision_reaches_its_contact_within_seconds()
    {
        await _shop.ConnectAsync();
        var told = await _shop.DecideAsync(
            Customer.Decision("u-1", "Told.One@Example.com", "exp_open", "on", Noon),
            Customer.Decision("told.two@example.com", null, "exp_open", "off", Noon),
            Customer.Decision("nobody", null, "exp_open", "off", Noon),
            Customer.Decision("u-1", null, "exp_open", "off", Noon, "all-feature-variables"));

        Assert.Equal("""{"recorded":3,"repeated":0,"ignored":1}""", told.ToJsonString());
        var sync = await _shop.LastSyncAsync();

        Assert.Equal("succeededWithProblems", (string)sync["state"]!);
        Assert.Equal("""{"EXPERIMENT_DATE":"2026-03-04","EXPERIMENT_NAME":"exp_open","FEATURE_ENABLED":false,"VARIATION_NAME":"on"}""", Attributes("told.one@example.com"));
        Assert.Equal("off", (string)_shop.Brevo.Contacts["told.two@example.com"].Attributes["VARIATION_NAME"]!);
        var skipped = Assert.Single(await _shop.ChangesAsync((string)sync["id"]!, "skipped"));
        Assert.Equal("nobody", (string)skipped!["contact"]!);
        Assert.Contains("neither the attribute 'email' nor the user id", (string)skipped["reason"]!, StringComparison.Ordinal);
        Assert.Equal(("normal", "boolean"), _shop.Brevo.Attributes["FEATURE_ENABLED"]);
        Assert.Equal(("normal", "date"), _shop.Brevo.Attributes["EXPERIMENT_DATE"]);
        Assert.Empty(_shop.Brevo.Violations);
    }

    [Fact]
    public async Task The_same_decision_told_again_is_no_decision_and_an_older_one_changes_nothing()
    {
        await _shop.ConnectAsync();
        await _shop.DecideAsync(Customer.Decision("late@example.com", null, "exp_open", "on", Noon));
        await _shop.LastSyncAsync();

        var again = await _shop.DecideAsync(Customer.Decision("late@example.com", null, "exp_open", "on", Noon), Customer.Decision("late@example.com", null, "exp_gap", "off", Noon.AddHours(-1)));
        Assert.Equal(1, (int)again["repeated"]!);
        var sync = await _shop.SyncAsync(input => input["scope"] = "decisions");

        Assert.Equal(0, (int)sync["counts"]!["changed"]!);
        Assert.Equal(1, _shop.Brevo.Contacts["late@example.com"].Writes);
        Assert.Equal("exp_open", (string)_shop.Brevo.Contacts["late@example.com"].Attributes["EXPERIMENT_NAME"]!);
    }

    [Fact]
    public async Task Flags_of_users_are_joined_and_only_differences_go_out()
    {
        await _shop.ConnectAsync(settings => settings["lists"] = new JsonArray(new JsonObject { ["listId"] = 7, ["flag"] = "overlap" }));
        Action<JsonObject> users = input =>
        {
            input["scope"] = "users";
            input["flags"] = new JsonArray("open", "paused", "overlap", "nothing");
            input["users"] = new JsonArray([.. Enumerable.Range(0, 30).Select(i => new JsonObject { ["userId"] = $"flag{i}@example.com", ["attributes"] = new JsonObject { ["a"] = "f" } })]);
        };

        var dry = await _shop.SyncAsync(input =>
        {
            users(input);
            input["dryRun"] = true;
        });
        Assert.Equal(30, (int)dry["counts"]!["changed"]!);
        Assert.Contains("Dry run: 30 of 30 would be sent", (string)dry["message"]!, StringComparison.Ordinal);
        Assert.False(_shop.Brevo.Contacts.ContainsKey("flag0@example.com"));
        Assert.Equal(30, (await _shop.ChangesAsync((string)dry["id"]!)).Count);

        var first = await _shop.SyncAsync(users);
        Assert.Equal("succeeded", (string)first["state"]!);
        Assert.Equal(30, (int)first["counts"]!["sent"]!);
        for (var i = 0; i < 30; i++)
        {
            var decided = await (await app.Client.PostAsJsonAsync(
                _shop.Path + "/decide",
                new JsonObject { ["userId"] = $"flag{i}@example.com", ["attributes"] = new JsonObject { ["a"] = "f" }, ["flags"] = new JsonArray("open", "paused", "overlap", "nothing") },
                TestContext.Current.CancellationToken)).ReadAsync();
            var enabled = string.Join(", ", decided["enabledFeatures"]!.AsArray().Select(key => (string)key!));
            Assert.Equal(enabled, (string?)_shop.Brevo.Contacts[$"flag{i}@example.com"].Attributes["ENABLED_FEATURES"] ?? "");
        }

        var inList = _shop.Brevo.Contacts.Values.Where(contact => contact.Email.StartsWith("flag", StringComparison.Ordinal)).ToLookup(contact => contact.Lists.Contains(7));
        Assert.All(inList[true], contact => Assert.Contains("overlap", (string)contact.Attributes["ENABLED_FEATURES"]!, StringComparison.Ordinal));
        Assert.All(inList[false], contact => Assert.DoesNotContain("overlap", (string?)contact.Attributes["ENABLED_FEATURES"] ?? "", StringComparison.Ordinal));
        Assert.NotEmpty(inList[true]);
        Assert.NotEmpty(inList[false]);

        var second = await _shop.SyncAsync(users);
        Assert.Equal(30, (int)second["counts"]!["unchanged"]!);
        Assert.Equal(0, (int?)second["counts"]!["calls"] ?? 0);
        Assert.Empty(_shop.Brevo.Violations);
    }

    [Fact]
    public async Task One_bad_contact_is_found_and_listed_and_the_others_arrive()
    {
        await _shop.ConnectAsync();
        var emails = Enumerable.Range(0, 40).Select(i => $"isolated{i}@example.com").ToArray();
        await _shop.DecideAsync([.. emails.Select(email => Customer.Decision(email, null, "exp_open", "on", Noon))]);
        await _shop.LastSyncAsync();
        _shop.Brevo.BadEmails["isolated13@example.com"] = "email is not valid";

        await _shop.DecideAsync([.. emails.Select(email => Customer.Decision(email, null, "exp_gap", "off", Noon.AddHours(1)))]);
        var sync = await _shop.LastSyncAsync();

        Assert.Equal("succeededWithProblems", (string)sync["state"]!);
        Assert.Equal((39, 1), ((int)sync["counts"]!["sent"]!, (int)sync["counts"]!["rejected"]!));
        var rejected = Assert.Single(await _shop.ChangesAsync((string)sync["id"]!, "rejected"));
        Assert.Equal(("isolated13@example.com", "invalid_parameter: email is not valid"), ((string)rejected!["contact"]!, (string)rejected["reason"]!));
        Assert.All(emails.Where(email => !email.Contains("13", StringComparison.Ordinal)), email => Assert.Equal("exp_gap", (string)_shop.Brevo.Contacts[email].Attributes["EXPERIMENT_NAME"]!));

        _shop.Brevo.BadEmails.TryRemove("isolated13@example.com", out _);
        await app.ExecuteAsync($"update contacts set retry_at = clock_timestamp() where connection_id = '{_shop.Id}' and retry_at is not null");
        var retry = await _shop.SyncAsync(input => input["scope"] = "decisions");
        Assert.Equal(1, (int)retry["counts"]!["sent"]!);
        Assert.Equal("exp_gap", (string)_shop.Brevo.Contacts["isolated13@example.com"].Attributes["EXPERIMENT_NAME"]!);
    }

    [Fact]
    public async Task Many_contacts_go_by_import_and_an_answer_that_got_lost_is_no_second_import()
    {
        await _shop.ConnectAsync(settings => settings["brevo"]!["listId"] = 7);
        _shop.Brevo.Play(new Fault("POST /v3/contacts/import", 524, AfterWork: true));
        await _shop.DecideAsync([.. Enumerable.Range(0, 600).Select(i => Customer.Decision($"many{i}@example.com", null, "exp_open", "on", Noon))]);
        var sync = await _shop.LastSyncAsync();

        Assert.Equal("succeeded", (string)sync["state"]!);
        Assert.Equal(600, (int)sync["counts"]!["sent"]!);
        Assert.Equal(1, _shop.Brevo.Calls.Count(call => call.Path.EndsWith("/import", StringComparison.Ordinal)));
        Assert.All(Enumerable.Range(0, 600), i => Assert.Equal(1, _shop.Brevo.Contacts[$"many{i}@example.com"].Writes));
    }

    [Fact]
    public async Task A_batch_whose_answer_got_lost_is_not_sent_twice()
    {
        await _shop.ConnectAsync();
        for (var i = 0; i < 5; i++)
        {
            _shop.Brevo.Add($"lost{i}@example.com");
        }

        _shop.Brevo.Play(new Fault("POST /v3/contacts/batch", 0, AfterWork: true));
        _shop.Brevo.Play(new Fault("POST /v3/contacts", 0, AfterWork: true) { Times = 3 });
        await _shop.DecideAsync([.. Enumerable.Range(0, 5).Select(i => Customer.Decision($"lost{i}@example.com", null, "exp_open", "on", Noon))]);
        var sync = await _shop.LastSyncAsync();

        Assert.Equal("succeeded", (string)sync["state"]!);
        Assert.All(Enumerable.Range(0, 5), i => Assert.Equal(1, _shop.Brevo.Contacts[$"lost{i}@example.com"].Writes));
    }

    [Fact]
    public async Task A_contact_that_an_import_dropped_in_silence_is_found_and_listed()
    {
        await _shop.ConnectAsync(settings => settings["brevo"]!["listId"] = 7);
        _shop.Brevo.BadEmails["dropped300@example.com"] = "email is not valid";
        await _shop.DecideAsync([.. Enumerable.Range(0, 600).Select(i => Customer.Decision($"dropped{i}@example.com", null, "exp_open", "on", Noon))]);
        var sync = await _shop.LastSyncAsync();

        Assert.Equal((599, 1), ((int)sync["counts"]!["sent"]!, (int)sync["counts"]!["rejected"]!));
        Assert.Equal("dropped300@example.com", (string)Assert.Single(await _shop.ChangesAsync((string)sync["id"]!, "rejected"))!["contact"]!);
        Assert.All(_shop.Brevo.Contacts.Values, contact => Assert.Equal(1, contact.Writes));
        Assert.Empty(_shop.Brevo.Violations);
    }

    private string Attributes(string email) => new JsonObject(_shop.Brevo.Contacts[email].Attributes.OrderBy(each => each.Key, StringComparer.Ordinal).Select(each => KeyValuePair.Create(each.Key, each.Value?.DeepClone()))).ToJsonString();
}
