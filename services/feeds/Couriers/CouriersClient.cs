using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Couriers;

/// <summary>What the feeds service asks of the couriers service: which files lie in the landing store.</summary>
internal sealed class CouriersClient(HttpClient http)
{
    private const int PageSize = 1_000;

    /// <summary>One landed file; an unknown id is an <see cref="InternalCallException"/> with status 404.</summary>
    public async Task<LandedFile> GetFileAsync(string fileId, CancellationToken cancellationToken)
    {
        using var response = await http.GetAsync($"/internal/landed-files/{Uri.EscapeDataString(fileId)}", cancellationToken);
        return await response.ReadAsync<LandedFile>(cancellationToken);
    }

    /// <summary>The files of a run with these tags, in load order: file date, then key.</summary>
    public async Task<List<LandedFile>> ListFilesAsync(string runId, IEnumerable<string> tags, CancellationToken cancellationToken)
    {
        var query = string.Concat(tags.Select(tag => $"&tag={Uri.EscapeDataString(tag)}"));
        var files = new List<LandedFile>();
        long? after = 0;
        while (after is not null)
        {
            using var response = await http.GetAsync($"/internal/courier-runs/{Uri.EscapeDataString(runId)}/files?after={after}&limit={PageSize}{query}", cancellationToken);
            var page = await response.ReadAsync<FilePage>(cancellationToken);
            files.AddRange(page.Items.Select(item => item.File with { Previous = item.Previous }));
            after = page.Next;
        }

        return files;
    }

    private sealed record FilePage(IReadOnlyList<OrderedFile> Items, long? Next);

    private sealed record OrderedFile(long Order, LandedFile File, PreviousFile? Previous);
}
