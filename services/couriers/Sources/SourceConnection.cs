using System.Runtime.CompilerServices;
using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.Runs;
using Platform.Files.Locations;
using Platform.Files.Locations.S3;

namespace Platform.Couriers.Sources;

/// <summary>Opens a courier's source with the secret of its credential.</summary>
internal sealed class SourceConnections(S3Connections connections, CredentialsClient credentials, TimeProvider clock)
{
    public async Task<SourceConnection> OpenAsync(string credentialId, SourceLayout layout, string purpose, CancellationToken cancellationToken)
    {
        var secret = await credentials.FetchAsync(credentialId, purpose, cancellationToken);
        return new(this, credentialId, secret, layout, purpose);
    }

    internal Task<CredentialSecret> FetchAgainAsync(string credentialId, string purpose, CancellationToken cancellationToken) => credentials.FetchAsync(credentialId, purpose, cancellationToken);

    internal S3Location Open(CredentialSecret secret, string? bucket, Uri? endpoint) => connections.Open(S3Credential.ToOptions(secret, bucket, endpoint), clock);
}

/// <summary>What an <c>iam-credential</c> says about S3.</summary>
internal static class S3Credential
{
    public static S3Options ToOptions(CredentialSecret secret, string? bucket, Uri? endpoint)
    {
        if (secret.Type != "iam-credential")
        {
            throw new RunFailureException(FailureCategory.Configuration, $"The credential '{secret.Id}' is of the type {secret.Type}; a source in S3 needs one of the type iam-credential.");
        }

        return new()
        {
            Bucket = bucket,
            Endpoint = endpoint ?? (secret.Field("endpoint") is { } own ? ParseEndpoint(own, secret.Id) : null),
            Region = secret.Field("region") ?? "us-east-1",
            AccessKey = Required(secret, "accessKey"),
            SecretKey = Required(secret, "secretKey"),
            SessionToken = secret.Field("sessionToken"),
            RoleArn = secret.Field("roleArn"),
            ExternalId = secret.Field("externalId"),
        };
    }

    private static Uri ParseEndpoint(string endpoint, string credentialId) => Uri.TryCreate(endpoint, UriKind.Absolute, out var uri)
        ? uri
        : throw new RunFailureException(FailureCategory.Configuration, $"The endpoint of the credential '{credentialId}' is no web address; expected for example https://s3.example.com.");

    private static string Required(CredentialSecret secret, string field) => secret.Field(field)
        ?? throw new RunFailureException(FailureCategory.Configuration, $"The credential '{secret.Id}' has no {field}. Enter it.");
}

/// <summary>
/// A source for the length of one run. When the source no longer accepts the secret, the secret is fetched again, and if it was rotated meanwhile the call is repeated with
/// the new one: a rotation during a run goes unnoticed (C5).
/// </summary>
internal sealed class SourceConnection(SourceConnections connections, string credentialId, CredentialSecret secret, SourceLayout layout, string purpose) : IFileLocation
{
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private readonly List<S3Location> _locations = [];
    private volatile Opened? _current;

    private Opened Current => _current ??= Add(secret);

    public string Describe(string path) => Current.Location.Describe(path);

    public async IAsyncEnumerable<FileEntry> ListAsync(string prefix, ListDepth depth, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // Only the first page can be repeated unseen; keys that stop being accepted between two pages end the step, which is then repeated as a whole.
        var opened = Current;
        var entries = opened.Location.ListAsync(prefix, depth, cancellationToken).GetAsyncEnumerator(cancellationToken);
        try
        {
            bool any;
            try
            {
                any = await entries.MoveNextAsync();
            }
            catch (LocationException e) when (e.ConcernsCredential)
            {
                if (!await RenewAsync(opened, cancellationToken))
                {
                    throw;
                }

                await entries.DisposeAsync();
                entries = Current.Location.ListAsync(prefix, depth, cancellationToken).GetAsyncEnumerator(cancellationToken);
                any = await entries.MoveNextAsync();
            }

            for (; any; any = await entries.MoveNextAsync())
            {
                yield return entries.Current;
            }
        }
        finally
        {
            await entries.DisposeAsync();
        }
    }

    public async Task<Stream> OpenReadAsync(string path, ReadRange range, CancellationToken cancellationToken)
    {
        var opened = Current;
        try
        {
            return await opened.Location.OpenReadAsync(path, range, cancellationToken);
        }
        catch (LocationException e) when (e.ConcernsCredential)
        {
            if (!await RenewAsync(opened, cancellationToken))
            {
                throw;
            }

            return await Current.Location.OpenReadAsync(path, range, cancellationToken);
        }
    }

    public Task<WrittenFile> WriteAsync(string path, Stream content, CancellationToken cancellationToken) => throw new NotSupportedException("Sources are only read.");

    public Task DeleteAsync(string path, CancellationToken cancellationToken) => throw new NotSupportedException("Sources are only read.");

    public void Dispose()
    {
        _locations.ForEach(location => location.Dispose());
        _renewing.Dispose();
    }

    /// <summary>True when there is a newer secret than the one that was refused.</summary>
    private async Task<bool> RenewAsync(Opened refused, CancellationToken cancellationToken)
    {
        await _renewing.WaitAsync(cancellationToken);
        try
        {
            if (Current.Version > refused.Version)
            {
                return true;
            }

            var fetched = await connections.FetchAgainAsync(credentialId, purpose, cancellationToken);
            if (fetched.Version <= refused.Version)
            {
                return false;
            }

            _current = Add(fetched);
            return true;
        }
        finally
        {
            _renewing.Release();
        }
    }

    // Older clients stay open to the end: other files may still be read through them.
    private Opened Add(CredentialSecret fetched)
    {
        var location = connections.Open(fetched, layout.Bucket, layout.Endpoint);
        lock (_locations)
        {
            _locations.Add(location);
        }

        return new(location, fetched.Version);
    }

    private sealed record Opened(S3Location Location, int Version);
}
