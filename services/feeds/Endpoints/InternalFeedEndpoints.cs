using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>What sister services ask.</summary>
internal static class InternalFeedEndpoints
{
    public static void MapInternalFeedEndpoints(this IEndpointRouteBuilder app) =>
        app.MapPost("/internal/feeds/resolve", ResolveAsync).RequireAuthorization(Roles.Service);

    private static async Task<Ok<Resolved>> ResolveAsync(Resolve request, FeedsDbContext database, CancellationToken cancellationToken)
    {
        var ids = request.Ids.Distinct(StringComparer.Ordinal).ToArray();
        var feeds = await database.Feeds.AsNoTracking().Where(feed => ids.Contains(feed.Id)).OrderBy(feed => feed.Id)
            .Select(feed => new ResolvedFeed(feed.Id, feed.Name, feed.Source, feed.DomainTable, feed.Active != null && feed.DeactivatedAt == null)).ToListAsync(cancellationToken);
        return TypedResults.Ok(new Resolved(feeds, [.. ids.Except(feeds.Select(feed => feed.Id))]));
    }

    private sealed record Resolve(IReadOnlyList<string> Ids);

    private sealed record Resolved(IReadOnlyList<ResolvedFeed> Feeds, IReadOnlyList<string> Missing);

    private sealed record ResolvedFeed(string Id, string Name, string Source, string DomainTable, bool Active);
}
