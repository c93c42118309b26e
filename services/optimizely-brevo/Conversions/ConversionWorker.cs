using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Decisions;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Persistence;
using Platform.Postgres;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Conversions;

/// <summary>
/// Sends batches of events (O6). To Optimizely a repetition is harmless, for it knows the events' uuids. Brevo would count it: there, "sending" is committed before the call
/// leaves, and a batch found in that state is settled by asking Brevo which of its events it has.
/// </summary>
internal sealed partial class ConversionWorker(IServiceScopeFactory scopes, NpgsqlDataSource database, ConversionLeases leases, TimeProvider clock, ILogger<ConversionWorker> logger) : BackgroundService
{
    private const int MostFailures = 8;
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var worked = false;
            try
            {
                using var lease = await leases.Rows.ClaimAsync(stoppingToken);
                if (lease is not null)
                {
                    worked = true;
                    using var either = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken, lease.Lost);
                    await RunAsync(lease, either.Token);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or LeaseLostException or OperationCanceledException or TimeoutException)
            {
                Disturbed(logger, e, e.Message);
            }

            if (!worked)
            {
                await Task.Delay(Idle, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task RunAsync(RowLease lease, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OptimizelyBrevoDbContext>();
        var batch = await db.ConversionBatches.AsNoTracking().SingleAsync(row => row.Id == lease.Id, cancellationToken);
        using var span = Telemetry.StartFrom("conversions send", batch.TraceParent);
        var connection = await db.Connections.AsNoTracking().SingleAsync(row => row.Id == batch.ConnectionId, cancellationToken);
        try
        {
            if (batch.Direction == ConversionDirection.ToBrevo)
            {
                await SendToBrevoAsync(scope.ServiceProvider.GetRequiredService<BrevoClient>(), lease, batch, connection.Settings, cancellationToken);
            }
            else
            {
                await SendToOptimizelyAsync(scope.ServiceProvider, lease, batch, connection.Settings, cancellationToken);
            }
        }
        catch (Exception e) when (e is PartnerException or InternalCallException or HttpRequestException)
        {
            var final = e is PartnerException { IsRefusal: true } || batch.Attempt >= MostFailures;
            Disturbed(logger, e, e.Message);
            await lease.UpdateAsync(
                final ? "state = 'Failed', message = @message, ended_at = clock_timestamp(), lease_owner = null, lease_until = null"
                    : "message = @message, not_before = clock_timestamp() + @wait, lease_owner = null, lease_until = null",
                [new("message", e.Message), new("wait", TimeSpan.FromSeconds(Math.Min(600, 5 * Math.Pow(2, batch.Attempt))))], cancellationToken);
        }
    }

    private async Task SendToBrevoAsync(BrevoClient brevo, RowLease lease, ConversionBatch batch, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        var events = await ReadAsync(batch.Id, cancellationToken);
        if (batch.State == ConversionBatchState.Sending)
        {
            var stored = await StoredAsync(brevo, settings.Brevo, events, cancellationToken);
            await using var session = await database.OpenConnectionAsync(cancellationToken);
            await using var settle = await session.BeginTransactionAsync(cancellationToken);
            await MarkAsync(session, settle, [.. events.Where(each => stored.Contains(each.Id.ToString())).Select(each => each.Id)], "Sent", null, cancellationToken);
            await lease.UpdateAsync(settle, "message = 'settled after an interruption'", [], cancellationToken);
            await settle.CommitAsync(cancellationToken);
            events = [.. events.Where(each => !stored.Contains(each.Id.ToString()))];
        }

        IReadOnlyDictionary<int, string> refused = new Dictionary<int, string>();
        if (events.Count > 0)
        {
            await lease.UpdateAsync("state = 'Sending'", [], cancellationToken);
            if (settings.Debug is { Enabled: true, LogEvents: true })
            {
                Sending(logger, batch.Id, events.Count, "Brevo");
            }

            try
            {
                refused = await brevo.SendEventsAsync(settings.Brevo, [.. events.Select(each => JsonSerializer.Deserialize(each.Payload, BrevoJson.Default.BrevoEvent)!)], cancellationToken);
            }
            catch (PartnerException e) when (!e.MayHaveArrived)
            {
                // Brevo has said no: nothing arrived, and nothing is to be settled.
                await lease.UpdateAsync("state = 'Ready'", [], cancellationToken);
                throw;
            }
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await MarkAsync(connection, transaction, [.. events.Where((_, i) => !refused.ContainsKey(i)).Select(each => each.Id)], "Sent", null, cancellationToken);
        foreach (var (index, reason) in refused.Where(each => each.Key < events.Count))
        {
            await MarkAsync(connection, transaction, [events[index].Id], "Rejected", Personal.Mask(reason), cancellationToken);
        }

        await FinishAsync(lease, transaction, refused.Count == 0 ? null : $"{refused.Count} of {events.Count} events were refused by Brevo; each has its reason.", cancellationToken);
    }

    private async Task SendToOptimizelyAsync(IServiceProvider services, RowLease lease, ConversionBatch batch, ConnectionSettings settings, CancellationToken cancellationToken)
    {
        var project = settings.Optimizely.Projects.FirstOrDefault(each => batch.ProjectId is null || each.ProjectId == batch.ProjectId)
            ?? throw new PartnerException("Optimizely", System.Net.HttpStatusCode.BadRequest, "unknown-project", $"project {batch.ProjectId} is no longer part of the connection.");
        var datafile = (await services.GetRequiredService<Datafiles>().GetAsync(project, settings.Optimizely.UpdateInterval, cancellationToken)).Project;
        var events = await ReadAsync(batch.Id, cancellationToken);
        if (settings.Debug is { Enabled: true, LogEvents: true })
        {
            Sending(logger, batch.Id, events.Count, "Optimizely");
        }

        if (events.Count > 0)
        {
            await services.GetRequiredService<EventApi>().SendAsync(Batch(datafile, events), datafile.Region, cancellationToken);
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await MarkAsync(connection, transaction, [.. events.Select(each => each.Id)], "Sent", null, cancellationToken);
        await FinishAsync(lease, transaction, null, cancellationToken);
    }

    /// <summary>The events as the Event API wants them: ids of events and attributes from the datafile, the events of one visitor together.</summary>
    internal static EventBatch Batch(Project datafile, IReadOnlyList<StoredEvent> events) => new()
    {
        AccountId = datafile.AccountId ?? "",
        ProjectId = datafile.ProjectId,
        Revision = datafile.Revision,
        AnonymizeIp = datafile.AnonymizeIp ?? true,
        Visitors = [.. events
            .Select(each => (each.Id, Event: JsonSerializer.Deserialize<TrackedEvent>(each.Payload, PlatformJson.Options)!))
            .GroupBy(each => (each.Event.UserId, JsonSerializer.Serialize(each.Event.Attributes, PlatformJson.Options)))
            .Select(visitor => new Visitor(
                visitor.Key.UserId,
                [.. visitor.First().Event.Attributes.Where(attribute => datafile.AttributeIds.ContainsKey(attribute.Key) || attribute.Key.StartsWith("$opt_", StringComparison.Ordinal))
                    .Select(attribute => new VisitorAttribute(datafile.AttributeIds.GetValueOrDefault(attribute.Key, attribute.Key), attribute.Key, "custom", attribute.Value))],
                [new(null, [.. visitor.Select(each => new SnapshotEvent(
                    datafile.EventIds.GetValueOrDefault(each.Event.EventKey), each.Event.EventKey, each.Event.Timestamp.ToUnixTimeMilliseconds(), each.Id.ToString(), each.Event.Revenue, each.Event.Value,
                    each.Event.Tags is { Count: > 0 } tags ? JsonSerializer.SerializeToElement(tags, PlatformJson.Options) : null))])]))],
    };

    private async Task<List<StoredEvent>> ReadAsync(string batchId, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("select id, payload::text, occurred_at from conversion_events where batch_id = $1 and state = 'Queued' order by id");
        command.Parameters.Add(new() { Value = batchId });
        var events = new List<StoredEvent>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            events.Add(new(reader.GetGuid(0), reader.GetString(1), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return events;
    }

    private static async Task<HashSet<string>> StoredAsync(BrevoClient brevo, BrevoSettings account, List<StoredEvent> events, CancellationToken cancellationToken)
    {
        var stored = new HashSet<string>(StringComparer.Ordinal);
        foreach (var name in events.GroupBy(each => JsonSerializer.Deserialize(each.Payload, BrevoJson.Default.BrevoEvent)!.EventName, StringComparer.Ordinal))
        {
            // A second of room on each side: nothing says how finely Brevo keeps times.
            var from = name.Min(each => each.OccurredAt).AddSeconds(-1);
            var to = name.Max(each => each.OccurredAt).AddSeconds(1);
            stored.UnionWith(await brevo.StoredEventIdsAsync(account, name.Key, from, to, cancellationToken));
        }

        return stored;
    }

    private static async Task MarkAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Guid[] ids, string state, string? reason, CancellationToken cancellationToken)
    {
        await using var mark = new NpgsqlCommand("update conversion_events set state = $2, reason = $3 where id = any($1)", connection, transaction)
        {
            Parameters = { new() { Value = ids }, new() { Value = state }, new() { Value = (object?)reason ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text } },
        };
        await mark.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task FinishAsync(RowLease lease, NpgsqlTransaction transaction, string? message, CancellationToken cancellationToken)
    {
        await lease.UpdateAsync(
            transaction, "state = 'Done', message = coalesce(@message, message), ended_at = clock_timestamp(), lease_owner = null, lease_until = null",
            [new("message", NpgsqlDbType.Text) { Value = (object?)message ?? DBNull.Value }], cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 750, Level = LogLevel.Warning, Message = "Sending events was disturbed: {Reason}")]
    private static partial void Disturbed(ILogger logger, Exception exception, string reason);

    [LoggerMessage(EventId = 751, Level = LogLevel.Information, Message = "Batch {Batch}: {Events} events go to {Partner}")]
    private static partial void Sending(ILogger logger, string batch, int events, string partner);
}

/// <summary>An event of a batch as it lies in the table.</summary>
internal sealed record StoredEvent(Guid Id, string Payload, DateTimeOffset OccurredAt);

/// <summary>A conversion on its way to Optimizely: the SDK's <c>track(eventKey, userId, attributes, tags)</c>.</summary>
internal sealed record TrackedEvent
{
    public required string EventKey { get; init; }

    public required string UserId { get; init; }

    public IReadOnlyDictionary<string, JsonElement> Attributes { get; init; } = new Dictionary<string, JsonElement>();

    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>In cents.</summary>
    public long? Revenue { get; init; }

    public double? Value { get; init; }

    public IReadOnlyDictionary<string, JsonElement>? Tags { get; init; }
}

/// <summary>Batches of events as rows of work.</summary>
internal sealed class ConversionLeases(NpgsqlDataSource database, TimeProvider clock) : IDisposable
{
    public RowLeases Rows { get; } = new(database, new LeasedTable("conversion_batches")
    {
        Ready = "r.state in ('Ready', 'Sending') and (r.not_before is null or r.not_before <= clock_timestamp())",
        OrderBy = "r.id",
        OnClaim = "not_before = null",
    }, clock);

    public void Dispose() => Rows.Dispose();
}
