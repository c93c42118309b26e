using System.Text.Json.Nodes;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Clients;

/// <summary>A file of a load of a feed.</summary>
internal sealed record LoadedFile(
    string FileName, DateOnly? FileDate, long Size, string LoadId, string? RunId, string State, string? Reason, long? Read, long? Rejected, DateTimeOffset? EndedAt)
{
    public bool IsLoaded => State == "loaded";
}

internal sealed record KnownField(string IncomingName, string Name);

/// <summary>A feed with the files of its loads, newest first.</summary>
internal sealed record FeedWithFiles(string Id, string DomainTable, long Rows, IReadOnlyList<KnownField> Fields, IReadOnlyList<LoadedFile> Files);

/// <summary>The internal channel to the feeds service.</summary>
internal sealed class FeedsClient(HttpClient http)
{
    /// <summary>Makes the feed and its table, or brings them to what is wanted; the feed's id.</summary>
    public async Task<string> EnsureAsync(JsonObject feed, CancellationToken cancellationToken)
    {
        using var response = await http.PutAsJsonAsync("/internal/feeds", feed, PlatformJson.Options, cancellationToken);
        return (await response.ReadAsync<Ensured>(cancellationToken)).Id;
    }

    /// <summary>The files of loads that were asked for since then.</summary>
    public async Task<IReadOnlyList<FeedWithFiles>> FilesAsync(IEnumerable<string> ids, DateTimeOffset since, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync("/internal/feeds/files", new { ids = ids.ToArray(), since }, PlatformJson.Options, cancellationToken);
        return await response.ReadAsync<List<FeedWithFiles>>(cancellationToken);
    }

    /// <summary>Makes a view beside the domain tables, or makes it anew.</summary>
    public async Task PutViewAsync(string source, string name, string select, string comment, CancellationToken cancellationToken)
    {
        using var response = await http.PutAsJsonAsync("/internal/domain-views", new { source, name, select, comment }, PlatformJson.Options, cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            await response.ReadAsync<JsonObject>(cancellationToken);
        }
    }

    private sealed record Ensured(string Id);
}
