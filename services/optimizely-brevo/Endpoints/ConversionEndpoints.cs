using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Conversions;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Endpoints;

/// <summary>An event: the SDK's <c>track(eventKey, userId, attributes, tags)</c>.</summary>
internal sealed record ConversionInput
{
    /// <summary>Unique for the event; told twice under one id it counts once. Required, for a retry must not be a second event.</summary>
    public required string Id { get; init; }

    public required string EventKey { get; init; }

    public required string UserId { get; init; }

    public IReadOnlyDictionary<string, JsonElement> Attributes { get; init; } = new Dictionary<string, JsonElement>();

    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>In cents.</summary>
    public long? Revenue { get; init; }

    public double? Value { get; init; }

    public IReadOnlyDictionary<string, JsonElement> Tags { get; init; } = new Dictionary<string, JsonElement>();
}

internal sealed record ConversionsInput
{
    public required string ConnectionId { get; init; }

    public required ConversionDirection Direction { get; init; }

    /// <summary>To Optimizely: which of the connection's projects; left out, the first.</summary>
    public string? ProjectId { get; init; }

    /// <summary>1 to 10,000.</summary>
    public required IReadOnlyList<ConversionInput> Events { get; init; }
}

/// <param name="Queued">New events; those that lead to no contact are listed as skipped.</param>
/// <param name="Repeated">Told before.</param>
internal sealed record ConversionsAccepted(long Queued, long Repeated);

internal sealed record ConversionBatchView(
    string Id, string ConnectionId, ConversionDirection Direction, ConversionBatchState State, int Events, string? Message, int Attempt, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt);

internal sealed record ConversionCountsView(ConversionDirection Direction, ConversionState State, long Events);

internal sealed record ConversionEventView(Guid Id, ConversionDirection Direction, ConversionState State, string? Reason, DateTimeOffset OccurredAt, string? BatchId);

/// <summary>Events both ways (O6).</summary>
internal static class ConversionEndpoints
{
    private const int MostEvents = 10_000;

    public static void MapConversionEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/optimizely-brevo/conversions").WithTags("optimizely-brevo conversions").RequireAuthorization(Roles.Viewer);
        group.MapPost("/", QueueAsync).WithName("QueueConversions").WithSummary("Takes events for Brevo, or for Optimizely's Event API; each goes out once, however often it is told.").RequireAuthorization(Roles.Operator);
        group.MapGet("/", ListAsync).WithName("ListConversions").WithSummary("Events of a connection, by state: which were refused or skipped, and why.");
        group.MapGet("/counts", CountAsync).WithName("CountConversions").WithSummary("Events of a connection by direction and state.");
        group.MapGet("/batches", ListBatchesAsync).WithName("ListConversionBatches").WithSummary("Calls that carry events, newest first.");
    }

    private static async Task<Results<Accepted<ConversionsAccepted>, ProblemHttpResult>> QueueAsync(
        ConversionsInput input, OptimizelyBrevoDbContext db, ConversionQueue queue, CancellationToken cancellationToken)
    {
        if (await db.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == input.ConnectionId, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(input.ConnectionId).ToResult();
        }

        var problems = new List<FieldProblem>();
        if (input.Events.Count is 0 or > MostEvents)
        {
            problems.Add(new("$.events", $"1 to {MostEvents} events are taken at once; {input.Events.Count} were given."));
        }

        if (input.ProjectId is { } project && connection.Settings.Optimizely.Projects.All(each => each.ProjectId != project))
        {
            problems.Add(new("$.projectId", $"The connection has no project {project}."));
        }

        for (var i = 0; i < input.Events.Count && problems.Count < 100; i++)
        {
            if (input.Events[i] is var each && (each.Id.Length is 0 or > 200 || each.EventKey.Length is 0 or > 255 || each.UserId.Length is 0 or > 1000))
            {
                problems.Add(new($"$.events[{i}]", "id (1 to 200 characters), eventKey (1 to 255) and userId (1 to 1000) are needed."));
            }

            if (input.Events[i].Tags.Values.Concat(input.Events[i].Attributes.Values).Any(value => !WholeTexts.In(value.GetRawText())))
            {
                problems.Add(new($"$.events[{i}]", "A text of the tags or attributes holds half of a character: one of \\ud800 to \\udfff without its other half."));
            }
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid("The events", problems).ToResult();
        }

        var events = input.Events.Select(each => input.Direction == ConversionDirection.ToBrevo ? ForBrevo(connection, each) : ForOptimizely(connection, each)).ToList();
        var queued = await queue.QueueAsync(connection, input.Direction, input.ProjectId, events, cancellationToken);
        return TypedResults.Accepted("/api/optimizely-brevo/conversions/batches", new ConversionsAccepted(queued, events.Count - queued));
    }

    private static QueuedEvent ForBrevo(Connection connection, ConversionInput input)
    {
        var email = input.Attributes.TryGetValue("email", out var given) && given.ValueKind == JsonValueKind.String ? given.GetString() : null;
        var properties = input.Tags.ToDictionary(StringComparer.Ordinal);
        if (input.Revenue is { } revenue)
        {
            properties["revenue"] = JsonSerializer.SerializeToElement(revenue, PlatformJson.Options);
        }

        if (input.Value is { } value)
        {
            properties["value"] = JsonSerializer.SerializeToElement(value, PlatformJson.Options);
        }

        return ConversionQueue.ForBrevo(connection, input.Id, input.EventKey, ContactAddress.Of(email, input.UserId), input.Timestamp.ToUniversalTime(), properties);
    }

    private static QueuedEvent ForOptimizely(Connection connection, ConversionInput input)
    {
        var tracked = new TrackedEvent
        {
            EventKey = input.EventKey,
            UserId = input.UserId,
            Attributes = input.Attributes,
            Timestamp = input.Timestamp.ToUniversalTime(),
            Revenue = input.Revenue,
            Value = input.Value,
            Tags = input.Tags,
        };
        return new(ConversionQueue.IdOf(connection.Id, ConversionDirection.ToOptimizely, input.Id), JsonSerializer.Serialize(tracked, PlatformJson.Options), tracked.Timestamp, null);
    }

    private static async Task<Results<Ok<Page<ConversionEventView>>, ProblemHttpResult>> ListAsync(
        string connectionId, OptimizelyBrevoDbContext db, CancellationToken cancellationToken, string? state = null, int limit = Paging.DefaultLimit, Guid? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        if (!QueryWord.TryRead<ConversionState>("state", state, out var wanted, out var problem))
        {
            return problem.ToResult();
        }

        var rows = await db.ConversionEvents.AsNoTracking().Where(row => row.ConnectionId == connectionId && (wanted == null || row.State == wanted) && (after == null || row.Id > after))
            .OrderBy(row => row.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<ConversionEventView>.From(
            rows.ConvertAll(row => new ConversionEventView(row.Id, row.Direction, row.State, row.Reason is null ? null : Personal.Mask(row.Reason), row.OccurredAt, row.BatchId)), limit, view => view.Id.ToString()));
    }

    private static async Task<Ok<List<ConversionCountsView>>> CountAsync(string connectionId, OptimizelyBrevoDbContext db, CancellationToken cancellationToken) =>
        TypedResults.Ok(await db.ConversionEvents.Where(row => row.ConnectionId == connectionId).GroupBy(row => new { row.Direction, row.State })
            .Select(group => new ConversionCountsView(group.Key.Direction, group.Key.State, group.LongCount())).ToListAsync(cancellationToken));

    private static async Task<Results<Ok<Page<ConversionBatchView>>, ProblemHttpResult>> ListBatchesAsync(
        string connectionId, OptimizelyBrevoDbContext db, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var rows = await db.ConversionBatches.AsNoTracking().Where(row => row.ConnectionId == connectionId && (after == null || string.Compare(row.Id, after) < 0))
            .OrderByDescending(row => row.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<ConversionBatchView>.From(
            rows.ConvertAll(row => new ConversionBatchView(row.Id, row.ConnectionId, row.Direction, row.State, row.Events, row.Message, row.Attempt, row.CreatedAt, row.EndedAt)), limit, view => view.Id));
    }
}
