using Platform.Files.Engine;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Clients;

/// <summary>A feed as far as a courier needs to know it.</summary>
internal sealed record KnownFeed(string Id, string Name, string Source, string? DomainTable, bool Active);

/// <summary>Which of the ids are feeds.</summary>
internal sealed record ResolvedFeeds(IReadOnlyList<KnownFeed> Feeds, IReadOnlyList<string> Missing);

/// <summary>A column of a stream and its field.</summary>
internal sealed record StreamField(string IncomingName, string Name);

/// <summary>A feed as far as an import job needs to know it; key and last updated field are named as their columns in files are.</summary>
internal sealed record KnownStream(string Id, string DomainTable, bool Active, bool Keyless, IReadOnlyList<string> Key, string? LastUpdated, IReadOnlyList<StreamField> Fields);

/// <summary>A stream that was found or made, or why it cannot be.</summary>
internal sealed record StreamAnswer(KnownStream? Feed, IReadOnlyList<FieldProblem> Problems);

/// <summary>A stream to be made.</summary>
internal sealed record NewStream(string Source, string Name, string? Description, IReadOnlyList<InferredField> Columns, IReadOnlyList<string> Key, string? TimestampColumn);

/// <summary>The internal channel to the feeds service.</summary>
internal sealed class FeedsClient(HttpClient http)
{
    public async Task<ResolvedFeeds> ResolveAsync(IEnumerable<string> ids, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync("/internal/feeds/resolve", new { ids = ids.ToArray() }, PlatformJson.Options, cancellationToken);
        return await response.ReadAsync<ResolvedFeeds>(cancellationToken);
    }

    /// <summary>The feed with this id or domain table; none in the answer when there is none.</summary>
    public async Task<StreamAnswer> FindStreamAsync(string? id, string? domainTable, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync("/internal/feeds/streams/find", new { id, domainTable }, PlatformJson.Options, cancellationToken);
        return await response.ReadAsync<StreamAnswer>(cancellationToken);
    }

    /// <summary>Makes and activates a feed.</summary>
    public async Task<StreamAnswer> MakeStreamAsync(NewStream stream, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync("/internal/feeds/streams", stream, PlatformJson.Options, cancellationToken);
        return await response.ReadAsync<StreamAnswer>(cancellationToken);
    }
}
