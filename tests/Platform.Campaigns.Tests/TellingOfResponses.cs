using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Platform.Contracts.Campaigns;
using Platform.Contracts.Couriers;
using Platform.Contracts.Feeds;
using Platform.Contracts.Scheduler;
using Platform.Testing;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>What follows from imported responses: events for other systems, each once (L9), waves, and the import's own schedule (S9).</summary>
public sealed class TellingOfResponses(CampaignsApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private IBus Bus => app.Services.GetRequiredService<IBus>();

    [Fact]
    public async Task Each_recipient_and_mailing_is_told_once_however_often_files_come_again()
    {
        var told = new ConcurrentBag<object>();
        var listening = Bus.ConnectReceiveEndpoint(new TemporaryEndpointDefinition(), null, queue =>
        {
            queue.Handler<RecipientBounced>(context => Keep(context.Message));
            queue.Handler<RecipientUnsubscribed>(context => Keep(context.Message));
        });
        await listening.Ready;
        var (connection, source) = await SetUpAsync("Told");
        await TablesAsync(source);
        await SqlAsync($"""
            insert into domain."{source}:Recipients" (id, mailing_id, email, created, delivery_status, response_category, _load_id) values
                (1, 7, 'Ann@Example.com ', '2021-01-01', 'HARD', null, 1), (2, 7, 'bob@example.com', '2021-01-01', 'OK', 'fatal_bounce', 1), (3, 7, 'cy@example.com', '2021-01-01', 'SOFT', 'bounce', 1), (4, 8, 'ann@example.com', null, 'HARD', null, 1);
            insert into domain."{source}:Responses" values (7, 1, 'ann@example.com', '2021-01-02', 'fatal_bounce', 2), (7, null, 'dee@example.com', '2021-01-02', 'fatal_bounce', 2), (7, 2, null, '2021-01-02', 'fatal_bounce', 2), (7, 3, 'cy@example.com', '2021-01-02', 'unknown', 2);
            insert into domain."{source}:Unsubscribes" values (7, 2, 'bob@example.com', '2021-01-03 10:00', 3), (7, 2, 'bob@example.com', '2021-01-03 11:00', 3);
            """);
        await LoadedAsync(source, "Recipients");
        await ToldAsync(connection, 4, 1);

        // The same rows come again in later loads, with one that is new.
        await SqlAsync($"""
            update domain."{source}:Recipients" set _load_id = 4; update domain."{source}:Unsubscribes" set _load_id = 5;
            insert into domain."{source}:Unsubscribes" values (8, 4, 'ann@example.com', '2021-01-04', 5);
            """);
        await LoadedAsync(source, "Unsubscribes");
        await LoadedAsync(source, "Recipients");
        await ToldAsync(connection, 4, 2);
        await Until.True(() => Mine<RecipientBounced>().Count >= 4 && Mine<RecipientUnsubscribed>().Count >= 2, cancellationToken: Cancelled);

        var ann = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("ann@example.com"u8));
        Assert.Equal([(7L, (long?)1), (8L, 4)], Mine<RecipientBounced>().Where(fact => fact.EmailSha256 == ann).Select(fact => (fact.MailingId, fact.MailingToUserId)).Order());
        Assert.Equal((4, 2), (Mine<RecipientBounced>().Count, Mine<RecipientUnsubscribed>().Count));
        Assert.Equal(DateTimeOffset.Parse("2021-01-03T10:00Z", null), Mine<RecipientUnsubscribed>().Single(fact => fact.MailingId == 7).OccurredAt);
        await listening.StopAsync(Cancelled);

        Task Keep(object fact)
        {
            told.Add(fact);
            return Task.CompletedTask;
        }

        List<T> Mine<T>() => [.. told.OfType<T>().Where(fact => ((string?)((dynamic)fact!).ConnectionId) == connection.Id)];
    }

    [Fact]
    public async Task A_due_schedule_asks_the_courier_for_the_look_back_and_its_end_is_shown()
    {
        var asked = new ConcurrentBag<RunCourier>();
        var listening = Bus.ConnectReceiveEndpoint(new TemporaryEndpointDefinition(), null, queue => queue.Handler<RunCourier>(context =>
        {
            asked.Add(context.Message);
            return Task.CompletedTask;
        }));
        await listening.Ready;
        var (connection, source) = await SetUpAsync("Due");
        await TablesAsync(source);
        var state = await connection.GetAsync(PathOf(connection));
        await Bus.Publish(new ScheduleDue { ScheduleId = connection.Id, Owner = "campaigns", Slot = TimeProvider.System.GetUtcNow(), Trigger = GroupRunTrigger.Schedule }, Cancelled);
        await Until.True(() => Run() is not null, cancellationToken: Cancelled);
        var run = Run()!;
        Assert.Equal(("Europe/Berlin", false, TimeSpan.FromDays(30)), (run.FileTimeZone, run.Force, run.AcceptThrough!.Value - run.AcceptFrom!.Value));
        await Bus.Publish(
            new CourierRunEnded { RunId = run.RunId, CourierId = run.CourierId, State = RunState.Succeeded, Message = "Completed in 3 seconds", Files = 8, Rows = new(), RequestedAt = run.AcceptThrough.Value, EndedAt = run.AcceptThrough.Value }, Cancelled);
        var ended = await Until.Is(() => connection.GetAsync(PathOf(connection)), found => found["imports"]![0]!["endedAt"] is not null, cancellationToken: Cancelled);
        Assert.Equal(("succeeded", "schedule", 8), ((string)ended["imports"]![0]!["state"]!, (string)ended["imports"]![0]!["requestedBy"]!, (int)ended["imports"]![0]!["files"]!));
        await listening.StopAsync(Cancelled);

        RunCourier? Run() => asked.FirstOrDefault(command => command.CourierId == (string)state["courierId"]!);
    }

    [Fact]
    public async Task A_day_without_any_file_and_a_failed_import_are_told_and_shown()
    {
        var asked = new ConcurrentBag<RunCourier>();
        var told = new ConcurrentBag<ResponsesMissing>();
        var listening = Bus.ConnectReceiveEndpoint(new TemporaryEndpointDefinition(), null, queue =>
        {
            queue.Handler<RunCourier>(context => Keep(asked, context.Message));
            queue.Handler<ResponsesMissing>(context => Keep(told, context.Message));
        });
        await listening.Ready;
        var (connection, source) = await SetUpAsync("Gaps");
        await TablesAsync(source);
        var courier = (string)(await connection.GetAsync(PathOf(connection)))["courierId"]!;

        var first = await DayAsync(RunState.Succeeded, run => app.Load($"df-{source}-Opens", run, new(2021, 1, 2)));
        var second = await DayAsync(RunState.Succeeded);
        var third = await DayAsync(RunState.Failed);
        await Until.True(() => Mine().Count >= 2, cancellationToken: Cancelled);

        Assert.Equal([(second, false), (third, true)], Mine().OrderBy(one => one.RequestedAt).Select(one => (one.RunId, one.ImportFailed)));
        Assert.All(Mine(), one => Assert.Equal(new DateOnly(2021, 1, 2), one.NewestDate));
        var shown = (await connection.GetAsync(PathOf(connection)))["imports"]!.AsArray();
        Assert.Equal([(third, false), (second, true), (first, false)], shown.Select(run => ((string)run!["runId"]!, (bool)run["nothingCame"]!)));
        await listening.StopAsync(Cancelled);

        async Task<string> DayAsync(RunState end, Action<string>? load = null)
        {
            var before = asked.Count(command => command.CourierId == courier);
            await Bus.Publish(new ScheduleDue { ScheduleId = connection.Id, Owner = "campaigns", Slot = TimeProvider.System.GetUtcNow(), Trigger = GroupRunTrigger.Schedule }, Cancelled);
            await Until.True(() => asked.Count(command => command.CourierId == courier) > before, cancellationToken: Cancelled);
            var run = asked.Where(command => command.CourierId == courier).MaxBy(command => command.AcceptThrough)!;
            load?.Invoke(run.RunId);
            await Bus.Publish(
                new CourierRunEnded { RunId = run.RunId, CourierId = courier, State = end, Message = "Ended", Files = 0, Rows = new(), RequestedAt = run.AcceptThrough!.Value, EndedAt = run.AcceptThrough.Value }, Cancelled);
            await Until.True(async () => await ExaminedAsync(run.RunId), cancellationToken: Cancelled);
            return run.RunId;
        }

        async Task<bool> ExaminedAsync(string run)
        {
            await using var select = app.Database.CreateCommand("select examined from response_runs where id = $1");
            select.Parameters.Add(new() { Value = run });
            return (bool)(await select.ExecuteScalarAsync(Cancelled))!;
        }

        Task Keep<T>(ConcurrentBag<T> bag, T message)
        {
            bag.Add(message);
            return Task.CompletedTask;
        }

        List<ResponsesMissing> Mine() => [.. told.Where(one => one.ConnectionId == connection.Id)];
    }

    [Fact]
    public async Task Two_connections_cannot_import_into_one_source()
    {
        var (_, source) = await SetUpAsync("Shared");
        var other = await app.ConnectAsync(settings => settings["responseSource"] = source);
        using var refused = await app.Client.PutAsJsonAsync(PathOf(other), new JsonObject(), Cancelled);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("source-taken", await refused.Content.ReadAsStringAsync(Cancelled), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mailing_that_no_log_file_named_is_joined_by_time_and_addresses_else_it_is_unassigned()
    {
        var (connection, source) = await SetUpAsync("Waves");
        await TablesAsync(source);
        var list = await connection.ListAsync();
        var dispatch = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("ann@example.com"), TestConnection.Recipient("Bob@example.com")]));
        await connection.StateAsync(dispatch, "uploaded");
        await SqlAsync($"""
            insert into domain."{source}:Mailings" values (70, 9, now(), null), (71, 9, now() + interval '1 minute', null), (72, 9, now() - interval '3 days', null);
            insert into domain."{source}:Recipients" (id, mailing_id, email, sending_status, delivery_status, _load_id) values
                (1, 70, 'stranger@example.com', 'sent', 'OK', 1), (2, 71, 'ANN@example.com', 'sent', 'OK', 1), (3, 71, 'bob@example.com', 'sent', 'HARD', 1), (4, 72, 'ann@example.com', 'sent', 'odd', 1);
            insert into domain."{source}:Opens" values (71, 2, '2021-01-01 22:59:00+00'), (71, 2, '2021-01-01 23:01:00+00'), (71, null, '2021-01-01 23:01:00+00');
            """);
        await LoadedAsync(source, "Mailings");
        var reports = $"/api/campaigns/reports/{connection.Id}";
        var waves = (await Until.Is(() => connection.GetAsync($"{reports}/waves"), found => found.AsArray().Any(wave => wave!["waveId"] is not null), cancellationToken: Cancelled)).AsArray();
        Assert.Equal([(TestConnection.Wave, "match", "71"), (0, "unassigned", "72,70")], waves.Select(wave => ((long?)wave!["waveId"] ?? 0, (string)wave["joinedBy"]!, string.Join(',', wave["mailingIds"]!.AsArray().Select(id => (long)id!)))));
        Assert.Equal((2, 1, 1, 3), ((int)waves[0]!["sent"]!, (int)waves[0]!["hardBounces"]!, (int)waves[0]!["opens"]!, (int)waves[0]!["totalOpens"]!));

        var timeline = (await connection.GetAsync($"{reports}/mailings/71/timeline?by=day")).AsArray();
        Assert.Equal([("2020-12-31T23:00", 1, 1, 1.0), ("2021-01-01T23:00", 0, 2, 1.0)], timeline.Select(step => (((string)step!["at"]!)[..16], (int)step["opens"]!, (int)step["totalOpens"]!, (double)step["openRate"]!)));
        var words = (await connection.GetAsync($"{reports}/mailings/72/words")).AsArray();
        Assert.Contains(words, word => (string?)word!["word"] == "odd" && word["bounce"] is null && (string)word["column"]! == "deliveryStatus");
    }

    private async Task<(TestConnection Connection, string Source)> SetUpAsync(string name)
    {
        var source = $"{name} {Guid.CreateVersion7():n}"[..30];
        var connection = await app.ConnectAsync(settings => settings["responseSource"] = source);
        using var answer = await app.Client.PutAsJsonAsync(PathOf(connection), new JsonObject { ["timeOfDay"] = "04:00:00" }, Cancelled);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(Cancelled));
        return (connection, source);
    }

    private static string PathOf(TestConnection connection) => $"/api/campaigns/connections/{connection.Id}/responses";

    private Task TablesAsync(string source) => SqlAsync($"""
        create table domain."{source}:Mailings" (id bigint, client_id bigint, started timestamptz, finished timestamptz);
        create table domain."{source}:Recipients" (
            id bigint, mailing_id bigint, email text, created timestamptz, sending_status text, delivery_status text, response_category text, _load_id bigint, _updated_at timestamptz not null default now());
        create table domain."{source}:Opens" (mailing_id bigint, recipient_id bigint, created timestamptz);
        create table domain."{source}:Responses" (mailing_id bigint, recipient_id bigint, email text, created timestamptz, category text, _load_id bigint);
        create table domain."{source}:Unsubscribes" (mailing_id bigint, recipient_id bigint, email text, created timestamptz, _load_id bigint);
        """);

    private async Task SqlAsync(string sql)
    {
        await using var command = app.DomainTables.CreateCommand(sql);
        await command.ExecuteNonQueryAsync(Cancelled);
    }

    private Task LoadedAsync(string source, string feed) => Bus.Publish(
        new FeedLoaded { LoadId = $"ld-{Guid.CreateVersion7():n}", FeedId = $"df-{source}-{feed}", DomainTable = $"{source}:{feed}", Files = 1, Rows = new(), Strategy = "merge", CommittedAt = TimeProvider.System.GetUtcNow() }, Cancelled);

    private static Task ToldAsync(TestConnection connection, int bounced, int unsubscribed) => Until.Is(
        () => connection.GetAsync(PathOf(connection)), found => ((int)found["told"]!["bounced"]!, (int)found["told"]!["unsubscribed"]!) == (bounced, unsubscribed), cancellationToken: Cancelled);
}
