using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Feeds.Definitions;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>Where a feed is in its life.</summary>
public enum FeedState
{
    /// <summary>Not yet activated: it has no domain table.</summary>
    Draft,

    /// <summary>The draft is in force.</summary>
    Active,

    /// <summary>Active, and the draft differs from what is in force.</summary>
    Changed,

    /// <summary>Deactivated: it takes no loads until it is activated again; its table stays.</summary>
    Inactive,
}

/// <summary>A feed.</summary>
public sealed record FeedView
{
    /// <summary><c>df-…</c></summary>
    public required string Id { get; init; }

    /// <summary>Name within the source.</summary>
    public required string Name { get; init; }

    /// <summary>The source it belongs to.</summary>
    public required string Source { get; init; }

    /// <summary>Name of the domain table, <c>source:name</c>.</summary>
    public required string DomainTable { get; init; }

    /// <summary>draft, active or changed.</summary>
    public required FeedState State { get; init; }

    /// <summary>Counts the activations.</summary>
    public required int Version { get; init; }

    /// <summary>The landed file the draft was inferred from.</summary>
    public string? SampleFileId { get; init; }

    /// <summary>The definition that is being edited.</summary>
    public required FeedDefinition Draft { get; init; }

    /// <summary>The definition in force; absent before the first activation.</summary>
    public FeedDefinition? Active { get; init; }

    /// <summary>Fields in force that have no column of their own but share <c>_more</c>, because a row would not fit a page of PostgreSQL.</summary>
    public required IReadOnlyList<string> Beyond { get; init; }

    /// <summary>Rows of the domain table.</summary>
    public required long RowCount { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset? ActivatedAt { get; init; }

    /// <summary>What is allowed in the draft and yet perhaps not meant.</summary>
    public required IReadOnlyList<FieldProblem> Warnings { get; init; }

    /// <summary>The load of the sample that an activation started.</summary>
    public string? SampleLoadId { get; init; }

    internal static FeedView Of(Feed feed, string? sampleLoadId = null) => new()
    {
        Id = feed.Id,
        Name = feed.Name,
        Source = feed.Source,
        DomainTable = feed.DomainTable,
        State = feed.Active is null ? FeedState.Draft : feed.DeactivatedAt is not null ? FeedState.Inactive : FeedDefinition.Same(feed.Draft, feed.Active) ? FeedState.Active : FeedState.Changed,
        Version = feed.Version,
        SampleFileId = feed.SampleFileId,
        Draft = feed.Draft,
        Active = feed.Active,
        Beyond = feed.Beyond,
        RowCount = feed.TableRows,
        CreatedAt = feed.CreatedAt,
        UpdatedAt = feed.UpdatedAt,
        ActivatedAt = feed.ActivatedAt,
        Warnings = DefinitionRules.Warnings(feed.Draft),
        SampleLoadId = sampleLoadId,
    };
}

internal static class FeedEndpoints
{
    public static void MapFeedEndpoints(this IEndpointRouteBuilder app)
    {
        var feeds = app.MapGroup("/api/feeds").WithTags("feeds").RequireAuthorization(Roles.Viewer);
        feeds.MapPost("/", CreateAsync).WithName("CreateFeed").WithSummary("Create a feed as a draft, its fields given or inferred from a landed sample file").RequireAuthorization(Roles.Operator);
        feeds.MapGet("/", ListAsync).WithName("ListFeeds").WithSummary("List feeds");
        feeds.MapGet("/{id}", GetAsync).WithName("GetFeed").WithSummary("Get a feed");
        feeds.MapPut("/{id}", ReplaceDraftAsync).WithName("ReplaceFeedDraft").WithSummary("Replace the draft of a feed; what is in force stays until it is activated").RequireAuthorization(Roles.Operator);
        feeds.MapDelete("/{id}", DeleteAsync).WithName("DeleteFeed").WithSummary("Delete a feed and its domain table").RequireAuthorization(Roles.Operator);
    }

    internal static async Task<Results<Created<FeedView>, ProblemHttpResult>> CreateAsync(
        FeedInput input, FeedsDbContext database, SampleFiles samples, TimeProvider clock, CancellationToken cancellationToken)
    {
        var problems = DefinitionRules.CheckName(input.Source, input.Name);
        var fieldsGiven = input.Fields is { Count: > 0 };
        if (!fieldsGiven && input.SampleFileId is not null)
        {
            if (problems.Count > 0)
            {
                return Refusal.Invalid("The feed cannot be created", problems).ToResult();
            }

            input = input with { Fields = DraftFromSample.Fields(await samples.ColumnsAsync(input.SampleFileId, cancellationToken)) };
        }

        if (DefinitionRules.Read(input, problems) is not { } draft || problems.Count > 0)
        {
            return Refusal.Invalid("The feed cannot be created", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var feed = new Feed
        {
            Id = PublicId.Short("df"),
            Source = input.Source!,
            Name = input.Name!,
            DomainTable = DefinitionRules.DomainTableName(input.Source!, input.Name!),
            Draft = draft,
            SampleFileId = input.SampleFileId,
            CreatedAt = now,
            UpdatedAt = now,
        };
        database.Feeds.Add(feed);
        return await SaveAsync(database, feed, cancellationToken) is { } refusal
            ? refusal.ToResult()
            : TypedResults.Created($"/api/feeds/{feed.Id}", FeedView.Of(feed));
    }

    private static async Task<Results<Ok<Page<FeedView>>, ProblemHttpResult>> ListAsync(
        FeedsDbContext database, CancellationToken cancellationToken, string? source = null, int limit = 50, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var feeds = await database.Feeds.AsNoTracking()
            .Where(feed => (source == null || feed.Source == source) && (after == null || string.Compare(feed.Id, after) > 0))
            .OrderBy(feed => feed.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<FeedView>.From([.. feeds.Select(feed => FeedView.Of(feed))], limit, feed => feed.Id));
    }

    private static async Task<Results<Ok<FeedView>, ProblemHttpResult>> GetAsync(string id, FeedsDbContext database, CancellationToken cancellationToken) =>
        await database.Feeds.AsNoTracking().FirstOrDefaultAsync(feed => feed.Id == id, cancellationToken) is { } feed
            ? TypedResults.Ok(FeedView.Of(feed))
            : FeedRefusals.Unknown(id).ToResult();

    private static async Task<Results<Ok<FeedView>, ProblemHttpResult>> ReplaceDraftAsync(
        string id, FeedInput input, FeedsDbContext database, SampleFiles samples, TimeProvider clock, CancellationToken cancellationToken)
    {
        // Looked at before the feed is locked: reading a file may take a while.
        var columns = input.SampleFileId is null ? null : await samples.ColumnsAsync(input.SampleFileId, cancellationToken);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await database.LockFeedAsync(id, cancellationToken) is not { } feed)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        var (source, name) = (input.Source ?? feed.Source, input.Name ?? feed.Name);
        var problems = DefinitionRules.CheckName(source, name);
        if (DefinitionRules.Read(input, problems) is not { } draft || problems.Count > 0)
        {
            return Refusal.Invalid("The draft cannot be replaced", problems).ToResult();
        }

        if (columns is not null && input.SampleFileId != feed.SampleFileId && SampleMatch.Differences(draft, columns) is { Count: > 0 } differences)
        {
            return FeedRefusals.SampleMismatch(input.SampleFileId!, differences).ToResult();
        }

        var table = DefinitionRules.DomainTableName(source, name);
        if (feed.Active is not null && table != feed.DomainTable)
        {
            return FeedRefusals.NameFixed(feed.DomainTable).ToResult();
        }

        (feed.Source, feed.Name, feed.DomainTable, feed.Draft, feed.UpdatedAt) = (source, name, table, draft, clock.GetUtcNow());
        feed.SampleFileId = input.SampleFileId ?? feed.SampleFileId;
        if (await SaveAsync(database, feed, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(FeedView.Of(feed));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, FeedsDbContext database, CancellationToken cancellationToken, [FromQuery] bool withData = false)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await database.LockFeedAsync(id, cancellationToken) is not { } feed)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        var waiting = await database.Loads.CountAsync(load => load.FeedId == id && (load.State == LoadState.Queued || load.State == LoadState.Running || load.State == LoadState.Held), cancellationToken);
        if (waiting > 0)
        {
            return FeedRefusals.LoadsWaiting(id, waiting).ToResult();
        }

        if (feed.TableRows > 0 && !withData)
        {
            return FeedRefusals.HasRows(feed.DomainTable, feed.TableRows).ToResult();
        }

        if (feed.Active is not null)
        {
            var connection = (NpgsqlConnection)database.Database.GetDbConnection();
            try
            {
                await connection.ExecuteAsync("set local lock_timeout = '5s'", cancellationToken);
                await DomainViewEndpoints.DropViewsOfAsync(connection, feed.Table!.Shell, cancellationToken);
                await connection.ExecuteAsync($"drop table {feed.Table!.Shell}", cancellationToken);
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DependentObjectsStillExist or PostgresErrorCodes.LockNotAvailable)
            {
                return Refusal.Conflict("table-in-use", "The table is in use", $"The domain table '{feed.DomainTable}' cannot be dropped: {e.MessageText}. Views on it must be dropped first, and readers must have ended.").ToResult();
            }
        }

        await database.DetachedPartitions.Where(partition => partition.FeedId == id).ExecuteDeleteAsync(cancellationToken);
        database.Feeds.Remove(feed);
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    internal static async Task<Refusal?> SaveAsync(FeedsDbContext database, Feed feed, CancellationToken cancellationToken)
    {
        try
        {
            await database.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return FeedRefusals.NameTaken(feed.DomainTable);
        }
    }
}
