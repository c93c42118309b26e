using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Clients;

/// <summary>A feed as far as a courier needs to know it.</summary>
internal sealed record KnownFeed(string Id, string Name, string Source, string? DomainTable, bool Active);

/// <summary>Which of the ids are feeds.</summary>
internal sealed record ResolvedFeeds(IReadOnlyList<KnownFeed> Feeds, IReadOnlyList<string> Missing);

/// <summary>The internal channel to the feeds service.</summary>
internal sealed class FeedsClient(HttpClient http)
{
    public async Task<ResolvedFeeds> ResolveAsync(IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync("/internal/feeds/resolve", new { ids = ids.ToArray() }, PlatformJson.Options, cancellationToken);
        return await response.ReadAsync<ResolvedFeeds>(cancellationToken);
    }
}
