using System.Globalization;
using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Couriers.Sources.Connections;
using Platform.Files.Locations;

namespace Platform.Couriers.Browsing;

/// <summary>A page of what lies in a folder. <paramref name="Next"/> is the cursor of the next page; null on the last.</summary>
internal sealed record FolderPage(IReadOnlyList<FileEntry> Entries, string? Next);

/// <summary>The buckets a credential can see. Where it may not list them, <paramref name="Hint"/> says so, and a bucket's name is typed instead.</summary>
internal sealed record VisibleBuckets(IReadOnlyList<string> Names, string? Hint);

/// <summary>Looks into sources for a person who sets up a courier (R11).</summary>
internal sealed class Browser(SourceConnections connections, CredentialsClient credentials, ExportKeys exportKeys)
{
    private const string Purpose = "browse a source";

    public async Task<VisibleBuckets> BucketsAsync(string credentialId, Uri? endpoint, CancellationToken cancellationToken)
    {
        var secret = await credentials.FetchAsync(credentialId, Purpose, cancellationToken);
        switch (secret.Type)
        {
            case "iam-role":
                return new((secret.Field("buckets") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries), null);
            case "optimizely-export":
                var access = await exportKeys.AskAsync(secret.Required("token"), cancellationToken);
                return new(access.Bucket is { } bucket ? [bucket] : [], access.Prefix is { Length: > 0 } prefix ? $"The export lies below {prefix}." : null);
            default:
                return await ListBucketsAsync(secret, endpoint, cancellationToken);
        }
    }

    public async Task<FolderPage> FilesAsync(string credentialId, string? bucket, Uri? endpoint, string path, int limit, string? after, CancellationToken cancellationToken)
    {
        var secret = await credentials.FetchAsync(credentialId, Purpose, cancellationToken);
        if (secret.Type != "sftp")
        {
            if (string.IsNullOrWhiteSpace(bucket))
            {
                throw new RunFailureException(FailureCategory.Configuration, "No bucket is named. Name one; GET /api/browse/buckets lists those the credential can see.");
            }

            using var location = connections.OpenBucket(secret, new(bucket, endpoint));
            var page = await location.ListPageAsync(path, limit, after, cancellationToken);
            return new([.. page.Entries.Where(entry => entry.Path != path)], page.Next);
        }

        // An SFTP directory comes as a whole in any case; the cursor is the number of entries seen.
        using var account = connections.Open(secret, new SftpPlace(""));
        var start = int.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out var seen) ? seen : 0;
        var entries = new List<FileEntry>();
        var number = 0;
        await foreach (var entry in account.ListAsync(path, ListDepth.Level, cancellationToken))
        {
            if (number++ < start)
            {
                continue;
            }

            if (entries.Count == limit)
            {
                return new(entries, (start + limit).ToString(CultureInfo.InvariantCulture));
            }

            entries.Add(entry);
        }

        return new(entries, null);
    }

    private async Task<VisibleBuckets> ListBucketsAsync(CredentialSecret secret, Uri? endpoint, CancellationToken cancellationToken)
    {
        using var location = connections.OpenBucket(secret, new(null, endpoint));
        try
        {
            return new(await location.ListBucketsAsync(cancellationToken), null);
        }
        catch (LocationException e) when (e.Fault == LocationFault.AccessDenied)
        {
            return new([], "The credential may not list buckets (s3:ListAllMyBuckets). Type the bucket's name.");
        }
    }
}
