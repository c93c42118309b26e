using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Platform.Contracts.Feeds;
using Platform.Contracts.OptimizelyBrevo;
using Platform.Contracts.Scheduler;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Sync;

public sealed class FollowingDomainTablesTests(OptimizelyBrevoApp app)
{
    private readonly Customer _shop = new(app);

    private string Table(string name) => $"Shop{_shop.Number}:{name}";

    [Fact]
    public async Task Users_of_a_table_get_their_flags_and_bad_rows_are_listed()
    {
        await app.ExecuteAsync($$"""
            create table domain."{{Table("Users")}}" (visitor text, mail text, sex text, plan integer, attributes text);
            insert into domain."{{Table("Users")}}" select 'user-' || i, 'table' || i || '@example.com', case when i % 2 = 0 then 'f' else 'm' end, i, '{"b": 1}' from generate_series(1, 40) i;
            insert into domain."{{Table("Users")}}" values (null, 'nobody@example.com', 'f', 1, null), ('no-address', null, 'f', 1, null), ('broken', 'not an address', 'f', 1, null), ('half', 'half@example.com', 'f', 1, '{"b":"\ud83e"}')
            """);
        await _shop.ConnectAsync(settings => settings["sources"] = new JsonArray(
            new JsonObject { ["table"] = Table("Users"), ["kind"] = "users", ["userId"] = "visitor", ["email"] = "mail", ["attributes"] = new JsonObject { ["sex"] = "a", ["plan"] = "c" } }));
        var sync = await _shop.SyncAsync(input => (input["scope"], input["table"]) = ("table", Table("Users")));

        Assert.Equal((44, 40, 4), ((int)sync["counts"]!["read"]!, (int)sync["counts"]!["sent"]!, (int)sync["counts"]!["skipped"]!));
        var skipped = (await _shop.ChangesAsync((string)sync["id"]!, "skipped")).Select(each => (string)each!["reason"]!).ToList();
        Assert.Contains(skipped, reason => reason.Contains("the column 'visitor' is empty", StringComparison.Ordinal));
        Assert.Equal(2, skipped.Count(reason => reason.Contains("neither the attribute 'email' nor the user id", StringComparison.Ordinal)));
        Assert.Contains(skipped, reason => reason.Contains("the column 'attributes' holds half of a character", StringComparison.Ordinal));
        // The women's experiment decides half of them; the others fall through to rollout rules.
        var flags = _shop.Brevo.Contacts.Values.Select(contact => (string?)contact.Attributes["ENABLED_FEATURES"] ?? "").ToList();
        Assert.True(flags.Distinct().Count() > 1);
        Assert.Empty(_shop.Brevo.Violations);
    }

    [Fact]
    public async Task Rows_are_read_once_and_all_of_them_again_when_they_mean_something_else()
    {
        var table = $"domain.\"{Table("Loads")}\"";
        await app.ExecuteAsync($"""
            create table {table} (visitor_id text, sex text, _load_id bigint not null, _file_id bigint not null, _row_no bigint not null);
            insert into {table} select 'load' || i || '@example.com', 'f', 1, 1, i from generate_series(1, 3) i
            """);
        await _shop.ConnectAsync(settings =>
        {
            settings["optimizely"]!["updateInterval"] = 1000;
            settings["sources"] = new JsonArray(new JsonObject { ["table"] = Table("Loads"), ["kind"] = "users", ["attributes"] = new JsonObject { ["sex"] = "a" } });
        });

        Assert.Equal((3, 3), await ReadAsync());
        Assert.Equal((0, 0), await ReadAsync());
        await app.ExecuteAsync($"insert into {table} values ('load4@example.com', 'f', 3, 2, 1); update {table} set sex = 'm', _load_id = 3 where _row_no = 2");
        Assert.Equal(2, (await ReadAsync(dryRun: true)).Read);
        Assert.Equal(2, (await ReadAsync()).Read);
        // A load with a lower number that is committed later.
        await app.ExecuteAsync($"insert into {table} values ('load5@example.com', 'f', 2, 3, 1)");
        Assert.Equal((1, 1), await ReadAsync());

        var datafile = JsonNode.Parse(_shop.Optimizely.Datafiles[_shop.SdkKey])!;
        datafile["revision"] = "8";
        _shop.Optimizely.Datafiles[_shop.SdkKey] = datafile.ToJsonString();
        await Testing.Until.Is(() => ReadAsync(), sync => sync.Read == 5, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        await app.ExecuteAsync($"create table {table[..^1]}2\" (like {table}); insert into {table[..^1]}2\" select * from {table}; drop table {table}; alter table {table[..^1]}2\" rename to \"{Table("Loads")}\"");
        Assert.Equal((5, 0), await ReadAsync());

        async Task<(int Read, int Changed)> ReadAsync(bool dryRun = false)
        {
            var sync = await _shop.SyncAsync(input => (input["scope"], input["table"], input["dryRun"]) = ("table", Table("Loads"), dryRun));
            Assert.Equal("succeeded", (string)sync["state"]!);
            return ((int)sync["counts"]!["read"]!, (int)sync["counts"]!["changed"]!);
        }
    }

    [Fact]
    public async Task A_table_without_the_mapped_column_or_no_table_at_all_fails_by_name()
    {
        await app.ExecuteAsync($"create table domain.\"{Table("Plain")}\" (visitor_id text)");
        await _shop.ConnectAsync(settings => settings["sources"] = new JsonArray(
            new JsonObject { ["table"] = Table("Plain"), ["kind"] = "users", ["attributes"] = new JsonObject { ["sex"] = "a" } }, new JsonObject { ["table"] = Table("Missing"), ["kind"] = "users" }));

        var column = await _shop.SyncAsync(input => (input["scope"], input["table"]) = ("table", Table("Plain")));
        Assert.Equal("failed", (string)column["state"]!);
        Assert.Contains("has no column 'sex'; it has visitor_id", (string)column["message"]!, StringComparison.Ordinal);
        var table = await _shop.SyncAsync(input => (input["scope"], input["table"]) = ("table", Table("Missing")));
        Assert.Contains($"There is no domain table '{Table("Missing")}'", (string)table["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_load_of_enriched_decisions_and_events_reaches_Brevo_once()
    {
        _shop.Optimizely.Objects["experiments"].Add(JsonNode.Parse("""{"id":99,"project_id":2,"key":"exp_late","name":"Late","status":"not_started","variations":[{"variation_id":991,"key":"on","name":"On","weight":10000}]}""")!.AsObject());
        await app.ExecuteAsync($$"""
            create table domain."{{Table("Decisions")}}" (visitor_id text, experiment_id text, variation_id text, timestamp timestamp, is_holdback boolean, attributes text);
            insert into domain."{{Table("Decisions")}}" values
                ('v1', '10', '101', '2026-03-04 10:00', false, '[{"name":"email","value":"closed1@example.com"}]'),
                ('v1', '10', '102', '2026-03-04 11:00', false, '[{"name":"email","value":"closed1@example.com"}]'),
                ('closed2@example.com', null, '161', '2026-03-04 11:00', false, null),
                ('closed3@example.com', '10', '101', '2026-03-04 11:00', true, null),
                ('closed4@example.com', '99', '991', '2026-03-04 11:00', false, null),
                ('closed5@example.com', '12345', null, '2026-03-04 11:00', false, null),
                ('closed6@example.com', '10', '101', '2026-03-04 11:00', false, '[{"name":"\ud83e","value":1}]');
            create table domain."{{Table("Events")}}" (uuid text, visitor_id text, event_name text, timestamp timestamp, revenue bigint, tags text, attributes text);
            insert into domain."{{Table("Events")}}" values
                ('AAAAAAAA-0000-4000-8000-000000000001', 'closed2@example.com', 'purchase', '2026-03-04 12:00', 4200, '{"coupon":"SAVE"}', null),
                ('aaaaaaaa-0000-4000-8000-000000000001', 'closed2@example.com', 'purchase', '2026-03-04 12:00', 4200, '{"coupon":"SAVE"}', null),
                ('aaaaaaaa-0000-4000-8000-000000000002', 'nobody', 'purchase', '2026-03-04 12:00', null, null, null),
                ('aaaaaaaa-0000-4000-8000-000000000003', 'closed2@example.com', 'purchase', '2026-03-04 12:00', null, '{"coupon":"\udc00"}', null)
            """);
        await _shop.ConnectAsync(settings => settings["sources"] = new JsonArray(
            new JsonObject { ["table"] = Table("Decisions"), ["kind"] = "decisions" }, new JsonObject { ["table"] = Table("Events"), ["kind"] = "conversions" }));
        var bus = app.Services.GetRequiredService<IBus>();
        await bus.Publish(Loaded(Table("Decisions")), TestContext.Current.CancellationToken);
        var decisions = await _shop.LastSyncAsync();

        Assert.Equal("off", (string)_shop.Brevo.Contacts["closed1@example.com"].Attributes["VARIATION_NAME"]!);
        Assert.Equal("exp_gap", (string)_shop.Brevo.Contacts["closed2@example.com"].Attributes["EXPERIMENT_NAME"]!);
        var reasons = (await _shop.ChangesAsync((string)decisions["id"]!, "skipped")).ToDictionary(each => (string)each!["contact"]!, each => (string)each!["reason"]!);
        Assert.Contains("held back", reasons["closed3@example.com"], StringComparison.Ordinal);
        Assert.Contains("exp_late' is not_started; only running and concluded", reasons["closed4@example.com"], StringComparison.Ordinal);
        Assert.Contains("belongs to none of the connection's projects", reasons["closed5@example.com"], StringComparison.Ordinal);
        Assert.Contains("the column 'attributes' holds half of a character", reasons["closed6@example.com"], StringComparison.Ordinal);
        Assert.Equal(1, (int)decisions["counts"]!["superseded"]!);

        for (var load = 0; load < 2; load++)
        {
            var sync = await _shop.SyncAsync(input => (input["scope"], input["table"]) = ("table", Table("Events")));
            Assert.Equal("succeeded", (string)sync["state"]!);
        }

        await Testing.Until.True(() => _shop.Brevo.Events.Count == 1, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(("purchase", "closed2@example.com"), ((string)_shop.Brevo.Events[0]["event_name"]!, (string)_shop.Brevo.Events[0]["identifiers"]!["email_id"]!));
        Assert.Equal("SAVE", (string)_shop.Brevo.Events[0]["event_properties"]!["coupon"]!);
        Assert.Empty(_shop.Brevo.Violations.Concat(_shop.Optimizely.Violations));
    }

    [Fact]
    public async Task The_bus_starts_syncs_and_tells_decisions_of_known_contacts()
    {
        await _shop.ConnectAsync();
        await _shop.DecideAsync(Customer.Decision("u", "Known@Example.com", "exp_open", "on", Noon));
        await _shop.LastSyncAsync();
        var bus = app.Services.GetRequiredService<IBus>();
        var told = new RecordDecision { ConnectionId = _shop.Id, Type = "ab-test", UserId = "u", ExperimentKey = "exp_gap", VariationKey = "off", DecidedAt = Noon.AddHours(1), EmailSha256 = Sha256("known@example.com") };
        await bus.Publish(told, TestContext.Current.CancellationToken);
        await bus.Publish(told with { UserId = "stranger", EmailSha256 = Sha256("stranger@example.com") }, TestContext.Current.CancellationToken);

        await Testing.Until.True(() => (string?)_shop.Brevo.Contacts["known@example.com"].Attributes["EXPERIMENT_NAME"] == "exp_gap", TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        await Testing.Until.True(async () => (await SkippedAsync()).Contains("stranger"), TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);

        await bus.Publish(new StartSync { ConnectionId = _shop.Id, DryRun = true }, TestContext.Current.CancellationToken);
        await bus.Publish(new ScheduleDue { ScheduleId = _shop.Id, Owner = "optimizely-brevo", Slot = Noon, Trigger = GroupRunTrigger.Schedule }, TestContext.Current.CancellationToken);
        await Testing.Until.True(async () =>
        {
            var syncs = (await (await app.Client.GetAsync($"/api/optimizely-brevo/syncs?connectionId={_shop.Id}", TestContext.Current.CancellationToken)).ReadAsync())["items"]!.AsArray();
            return syncs.Any(sync => (bool)sync!["dryRun"]! && (string)sync["requestedBy"]! == "bus" && (string)sync["state"]! == "succeeded")
                && syncs.Any(sync => (string)sync!["requestedBy"]! == "schedule" && (string)sync["state"]! == "succeeded");
        }, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Old_history_is_forgotten_and_what_contacts_hold_is_kept()
    {
        await _shop.ConnectAsync();
        await _shop.DecideAsync(Customer.Decision("old@example.com", null, "exp_open", "on", Noon));
        var sync = (string)(await _shop.LastSyncAsync())["id"]!;
        await app.ExecuteAsync($"""
            update syncs set ended_at = ended_at - interval '91 days' where id = '{sync}';
            update decisions set received_at = received_at - interval '91 days' where connection_id = '{_shop.Id}';
            insert into conversion_events (id, connection_id, direction, payload, occurred_at, queued_at, state, reason)
            select gen_random_uuid(), '{_shop.Id}', 'ToBrevo', '{"{\"event_name\": \"x\"}"}', clock_timestamp() - interval '91 days', queued_at, 'Rejected', reason
            from (values (clock_timestamp() - interval '91 days', 'queued long ago'), (clock_timestamp(), 'of long ago, queued today')) e (queued_at, reason)
            """);
        await app.Services.GetRequiredService<Retention>().SweepAsync(TestContext.Current.CancellationToken);

        Assert.Equal(0, await app.QueryAsync<long>($"select count(*) from sync_changes where sync_id = '{sync}'"));
        Assert.Equal(0, await app.QueryAsync<long>($"select count(*) from decisions where connection_id = '{_shop.Id}'"));
        Assert.Equal(
            """of long ago, queued today{"event_name": "x"}, {}""",
            await app.QueryAsync<string>($"select string_agg(coalesce(reason, '') || payload::text, ', ' order by queued_at desc) from conversion_events where connection_id = '{_shop.Id}'"));
        Assert.Equal(1, await app.QueryAsync<long>($"select count(*) from contacts where connection_id = '{_shop.Id}'"));
        Assert.Equal(1, await app.QueryAsync<long>($"select count(*) from syncs where id = '{sync}'"));
    }

    private static readonly DateTimeOffset Noon = new(2026, 3, 4, 12, 0, 0, TimeSpan.Zero);

    private static string Sha256(string text) => Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    private async Task<List<string>> SkippedAsync()
    {
        var skipped = new List<string>();
        foreach (var sync in (await (await app.Client.GetAsync($"/api/optimizely-brevo/syncs?connectionId={_shop.Id}", TestContext.Current.CancellationToken)).ReadAsync())["items"]!.AsArray())
        {
            skipped.AddRange((await _shop.ChangesAsync((string)sync!["id"]!, "skipped")).Select(each => (string)each!["contact"]!));
        }

        return skipped;
    }

    private static FeedLoaded Loaded(string table) => new()
    {
        LoadId = $"ld-{Guid.CreateVersion7():n}",
        FeedId = "df-1",
        DomainTable = table,
        Files = 1,
        Rows = new() { Read = 6, Inserted = 6, Updated = 0, Unchanged = 0, Superseded = 0, Rejected = 0 },
        Strategy = "merge",
        CommittedAt = Noon,
    };
}
