using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Couriers.Sources;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Browsing;

/// <summary>A file or folder at a source.</summary>
/// <param name="Path">From the bucket's or account's top; of a folder, with the closing slash: give it as <c>path</c> to look inside.</param>
/// <param name="Name">Its last part.</param>
/// <param name="IsFolder">True for a folder.</param>
/// <param name="Size">Bytes; absent for a folder.</param>
/// <param name="LastModified">Where the source tells.</param>
internal sealed record SourceEntryView(string Path, string Name, bool IsFolder, long? Size, DateTimeOffset? LastModified);

/// <summary>Looking into sources without knowing their paths by heart (R11).</summary>
internal static class BrowseEndpoints
{
    private const int MaxPath = 1024;

    public static void MapBrowsing(this WebApplication app)
    {
        var browse = app.MapGroup("/api/browse").RequireAuthorization(Roles.Operator).WithTags("browse");
        browse.MapGet("/buckets", Buckets).WithName("BrowseBuckets").WithSummary("Buckets a credential can see; where it may not list them, a hint to type the name");
        browse.MapGet("/files", Files).WithName("BrowseFiles").WithSummary("Folders and files of a bucket or SFTP account, page by page");
        browse.MapGet("/pattern", Pattern).WithName("DerivePattern").WithSummary("File patterns that fit a chosen name, the likeliest first");
    }

    private static async Task<Results<Ok<VisibleBuckets>, ProblemHttpResult>> Buckets(string credentialId, Browser browser, CancellationToken cancellationToken, string? endpoint = null)
    {
        if (ReadEndpoint(endpoint, out var address) is { } refusal)
        {
            return refusal.ToResult();
        }

        try
        {
            return TypedResults.Ok(await browser.BucketsAsync(credentialId, address, cancellationToken));
        }
        catch (Exception e) when (SourceRefusals.Explains(e, cancellationToken))
        {
            return SourceRefusals.Of(e).ToResult();
        }
    }

    private static async Task<Results<Ok<Page<SourceEntryView>>, ProblemHttpResult>> Files(
        string credentialId, Browser browser, CancellationToken cancellationToken, string? bucket = null, string? endpoint = null, string? path = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } badLimit)
        {
            return badLimit.ToResult();
        }

        if (ReadEndpoint(endpoint, out var address) is { } badEndpoint)
        {
            return badEndpoint.ToResult();
        }

        if (path is { Length: > MaxPath })
        {
            return Refusal.Invalid("The query", [new("path", $"Has {path.Length} characters; at most {MaxPath} are possible.")]).ToResult();
        }

        try
        {
            var page = await browser.FilesAsync(credentialId, bucket, address, path ?? "", limit, after, cancellationToken);
            return TypedResults.Ok(new Page<SourceEntryView>([.. page.Entries.Select(entry => new SourceEntryView(
                entry.Path, entry.Path[(entry.Path.TrimEnd('/').LastIndexOf('/') + 1)..], entry.IsFolder, entry.IsFolder ? null : entry.Size, entry.LastModified))], page.Next));
        }
        catch (Exception e) when (SourceRefusals.Explains(e, cancellationToken))
        {
            return SourceRefusals.Of(e).ToResult();
        }
    }

    private static Results<Ok<IReadOnlyList<DerivedPattern>>, ProblemHttpResult> Pattern(string path, string? prefix = null)
    {
        if (path.Length is 0 or > MaxPath || path.EndsWith('/') || (prefix is not null && !path.StartsWith(prefix, StringComparison.Ordinal)))
        {
            return Refusal.Invalid("The query", [new("path", $"Must be the path of a file, of 1 to {MaxPath} characters, below the prefix if one is given.")]).ToResult();
        }

        return TypedResults.Ok(PatternFromName.Derive(path[(prefix?.Length ?? 0)..]));
    }

    private static Refusal? ReadEndpoint(string? text, out Uri? endpoint)
    {
        endpoint = null;
        return text is null || (Uri.TryCreate(text, UriKind.Absolute, out endpoint) && endpoint.Scheme is ("http" or "https"))
            ? null
            : Refusal.Invalid("The query", [new("endpoint", "Must be a web address, for example https://s3.example.com.")]);
    }
}
