using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Feeds.Definitions;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>Name of a feed's copy.</summary>
public sealed record CopyFeed
{
    /// <summary>Name within the source.</summary>
    public string? Name { get; init; }

    /// <summary>The source; that of the original when absent.</summary>
    public string? Source { get; init; }
}

/// <summary>A file to be compared with a feed.</summary>
public sealed record MatchSample
{
    /// <summary>The landed file (<c>lf-…</c>).</summary>
    public string? SampleFileId { get; init; }
}

/// <summary>How a file compares with a feed.</summary>
/// <param name="Matches">True when every column of the file is a field it fits, and every field has a column.</param>
/// <param name="Differences">Every field and column that differs.</param>
public sealed record SampleMatchResult(bool Matches, IReadOnlyList<FieldProblem> Differences);

/// <summary>How to empty a domain table.</summary>
public sealed record TruncateTable
{
    /// <summary>The domain table's name, to say that it is meant.</summary>
    public string? Confirm { get; init; }
}

/// <summary>What else can be done with a feed.</summary>
internal static class FeedActionEndpoints
{
    public static void MapFeedActionEndpoints(this IEndpointRouteBuilder app)
    {
        var feeds = app.MapGroup("/api/feeds/{id}").WithTags("feeds").RequireAuthorization(Roles.Operator);
        feeds.MapPost("/copy", CopyAsync).WithName("CopyFeed").WithSummary("Make a draft under another name with the same definition");
        feeds.MapPost("/deactivate", DeactivateAsync).WithName("DeactivateFeed").WithSummary("Take no more loads; the domain table stays as it is");
        feeds.MapPost("/truncate", TruncateAsync).WithName("TruncateFeed").WithSummary("Remove all rows of the domain table, after the loads that wait already");
        feeds.MapPost("/match", MatchAsync).WithName("MatchFeedSample").WithSummary("Compare a landed file with the feed: every differing field is named");
    }

    private static async Task<Results<Created<FeedView>, ProblemHttpResult>> CopyAsync(
        string id, CopyFeed copy, FeedsDbContext database, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await FindAsync(database, id, cancellationToken) is not { } original)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        var source = copy.Source ?? original.Source;
        if (DefinitionRules.CheckName(source, copy.Name) is { Count: > 0 } problems)
        {
            return Refusal.Invalid("The feed cannot be copied", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var feed = new Feed
        {
            Id = PublicId.Short("df"),
            Source = source,
            Name = copy.Name!,
            DomainTable = DefinitionRules.DomainTableName(source, copy.Name!),
            Draft = original.Draft,
            SampleFileId = original.SampleFileId,
            CreatedAt = now,
            UpdatedAt = now,
        };
        database.Feeds.Add(feed);
        return await FeedEndpoints.SaveAsync(database, feed, cancellationToken) is { } refusal
            ? refusal.ToResult()
            : TypedResults.Created($"/api/feeds/{feed.Id}", FeedView.Of(feed));
    }

    private static async Task<Results<Ok<FeedView>, ProblemHttpResult>> DeactivateAsync(string id, FeedsDbContext database, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await database.LockFeedAsync(id, cancellationToken) is not { } feed)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        if (feed.Active is null)
        {
            return FeedRefusals.NotActive(id).ToResult();
        }

        feed.DeactivatedAt ??= clock.GetUtcNow();
        feed.UpdatedAt = clock.GetUtcNow();
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(FeedView.Of(feed));
    }

    private static async Task<Results<Accepted<LoadView>, ProblemHttpResult>> TruncateAsync(
        string id, TruncateTable how, FeedsDbContext database, LoadSignal signal, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await database.LockFeedAsync(id, cancellationToken) is not { } feed)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        if (feed.Active is null)
        {
            return FeedRefusals.NotActive(id).ToResult();
        }

        if (how.Confirm != feed.DomainTable)
        {
            return Refusal.Invalid("The table cannot be emptied", [new("$.confirm", $"Expected the domain table's name, '{feed.DomainTable}', to be sure that its {feed.TableRows} rows are meant.")]).ToResult();
        }

        // A load without files: it takes its turn among the others, and the rows are kept for as long as those of any load.
        var load = new Load
        {
            Id = PublicId.Sequential("ld"),
            FeedId = id,
            Truncate = true,
            TruncateApproved = true,
            Tags = [],
            TraceParent = Activity.Current?.Id,
            CreatedAt = clock.GetUtcNow(),
        };
        database.Loads.Add(load);
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Accepted($"/api/loads/{load.Id}", LoadView.Of(load, feed.DomainTable));
    }

    private static async Task<Results<Ok<SampleMatchResult>, ProblemHttpResult>> MatchAsync(
        string id, MatchSample sample, FeedsDbContext database, SampleFiles samples, CancellationToken cancellationToken)
    {
        if (await FindAsync(database, id, cancellationToken) is not { } feed)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        if (string.IsNullOrEmpty(sample.SampleFileId))
        {
            return Refusal.Invalid("The file cannot be compared", [new("$.sampleFileId", "Missing. Expected the id of a landed file; GET /api/landed-files lists them.")]).ToResult();
        }

        var differences = SampleMatch.Differences(feed.Active ?? feed.Draft, await samples.ColumnsAsync(sample.SampleFileId, cancellationToken));
        return TypedResults.Ok(new SampleMatchResult(differences.Count == 0, differences));
    }

    private static Task<Feed?> FindAsync(FeedsDbContext database, string id, CancellationToken cancellationToken) =>
        database.Feeds.AsNoTracking().FirstOrDefaultAsync(feed => feed.Id == id, cancellationToken);
}
