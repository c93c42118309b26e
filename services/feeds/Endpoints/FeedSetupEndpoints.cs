using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Failures;
using Platform.Feeds.Definitions;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>Feeds that sister services set up for a feature of theirs, and what became of their files.</summary>
internal static class FeedSetupEndpoints
{
    private const int MostFeeds = 100;
    private const int MostFiles = 10_000;

    public static void MapFeedSetupEndpoints(this IEndpointRouteBuilder app)
    {
        var feeds = app.MapGroup("/internal/feeds").RequireAuthorization(Roles.Service);
        feeds.MapPut("", EnsureAsync);
        feeds.MapPost("/files", FilesAsync);
    }

    /// <summary>Afterwards the feed of this source and name is there, active, and has these fields, then those that were added to it by others. Saying it again changes nothing.</summary>
    private static async Task<Results<Ok<FeedView>, ProblemHttpResult>> EnsureAsync(FeedInput input, FeedsDbContext database, TimeProvider clock, CancellationToken cancellationToken)
    {
        var problems = DefinitionRules.CheckName(input.Source, input.Name);
        if (DefinitionRules.Read(input, problems) is not { } wanted || problems.Count > 0)
        {
            return Refusal.Invalid("The feed cannot be set up", problems).ToResult();
        }

        var table = DefinitionRules.DomainTableName(input.Source!, input.Name!);
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var id = await database.Feeds.Where(row => row.DomainTable == table).Select(row => row.Id).FirstOrDefaultAsync(cancellationToken);
        var feed = id is null ? null : await database.LockFeedAsync(id, cancellationToken);
        if (feed is null)
        {
            var now = clock.GetUtcNow();
            feed = new() { Id = PublicId.Short("df"), Source = input.Source!, Name = input.Name!, DomainTable = table, Draft = wanted, CreatedAt = now, UpdatedAt = now };
            database.Feeds.Add(feed);
            if (await FeedEndpoints.SaveAsync(database, feed, cancellationToken) is { } taken)
            {
                return taken.ToResult();
            }
        }

        feed.Draft = feed.Active is { } active ? wanted with { Fields = [.. wanted.Fields, .. Others(active, wanted)] } : wanted;
        if (feed.Active is not null && feed.DeactivatedAt is null && FeedDefinition.Same(feed.Draft, feed.Active))
        {
            return TypedResults.Ok(FeedView.Of(feed));
        }

        if (await ActivationEndpoints.ApplyAsync(database, feed, new(), clock, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(FeedView.Of(feed));
    }

    private static IEnumerable<FieldDefinition> Others(FeedDefinition active, FeedDefinition wanted)
    {
        var incoming = wanted.Fields.Select(field => field.IncomingName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        return active.Fields.Where(field => wanted.Find(field.Name) is null && !incoming.Contains(field.IncomingName));
    }

    private static async Task<Results<Ok<List<FeedWithFiles>>, ProblemHttpResult>> FilesAsync(FilesOfFeeds request, FeedsDbContext database, CancellationToken cancellationToken)
    {
        if (request.Ids.Count > MostFeeds)
        {
            return Refusal.Invalid("The request", [new("$.ids", $"Has {request.Ids.Count} ids; at most {MostFeeds}.")]).ToResult();
        }

        var ids = request.Ids.Distinct(StringComparer.Ordinal).ToArray();
        var feeds = await database.Feeds.AsNoTracking().Where(feed => ids.Contains(feed.Id)).ToListAsync(cancellationToken);
        var files = await (
            from file in database.LoadFiles
            join load in database.Loads on file.LoadId equals load.Id
            where ids.Contains(load.FeedId) && load.CreatedAt >= request.Since
            orderby file.FileNo descending
            select new { load.FeedId, File = new LoadedFile(file.FileName, file.FileDate, file.Size, load.Id, load.RunId, load.State, load.Failure, load.Reason, file.Read, file.Rejected, load.EndedAt) })
            .AsNoTracking().Take(MostFiles).ToListAsync(cancellationToken);
        var byFeed = files.ToLookup(row => row.FeedId, row => row.File, StringComparer.Ordinal);
        return TypedResults.Ok(feeds.ConvertAll(feed => new FeedWithFiles(
            feed.Id, feed.DomainTable, feed.TableRows, [.. (feed.Active?.Fields ?? []).Select(field => new KnownField(field.IncomingName, field.Name))], [.. byFeed[feed.Id]])));
    }

    private sealed record FilesOfFeeds(IReadOnlyList<string> Ids, DateTimeOffset Since);

    /// <summary>A feed with the files of its loads, newest first.</summary>
    private sealed record FeedWithFiles(string Id, string DomainTable, long Rows, IReadOnlyList<KnownField> Fields, IReadOnlyList<LoadedFile> Files);

    private sealed record KnownField(string IncomingName, string Name);

    private sealed record LoadedFile(
        string FileName, DateOnly? FileDate, long Size, string LoadId, string? RunId, LoadState State, FailureCategory? Failure, string? Reason, long? Read, long? Rejected, DateTimeOffset? EndedAt);
}
