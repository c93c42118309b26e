using System.Globalization;
using System.Runtime.CompilerServices;
using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.Runs;
using Platform.Files.Locations;
using Platform.Files.Locations.S3;
using Platform.Files.Locations.Sftp;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Sources.Connections;

/// <summary>Opens a courier's source with the secret of its credential.</summary>
internal sealed class SourceConnections(S3Connections connections, S3Access s3, AddressGuard guard, CredentialsClient credentials, TimeProvider clock)
{
    /// <summary>Opens the place of <paramref name="layout"/> for as long as a run takes.</summary>
    public Task<SourceConnection> OpenAsync(string credentialId, SourceLayout layout, string purpose, CancellationToken cancellationToken) =>
        OpenAsync(credentialId, layout.Place, purpose, cancellationToken);

    public async Task<SourceConnection> OpenAsync(string credentialId, SourcePlace place, string purpose, CancellationToken cancellationToken)
    {
        var secret = await credentials.FetchAsync(credentialId, purpose, cancellationToken);
        return new(this, credentialId, secret, place, purpose);
    }

    internal Task<CredentialSecret> FetchAgainAsync(string credentialId, string purpose, CancellationToken cancellationToken) => credentials.FetchAsync(credentialId, purpose, cancellationToken);

    internal IFileLocation Open(CredentialSecret secret, SourcePlace place) => place switch
    {
        BucketPlace bucket => OpenBucket(secret, bucket),
        SftpPlace account => new SftpLocation(OpenSftp(secret, account), account.Directory),
        _ => throw new InvalidOperationException($"Unknown place {place.GetType().Name}."),
    };

    internal S3Location OpenBucket(CredentialSecret secret, BucketPlace place) => connections.Open(s3.ToOptions(secret, place), clock);

    internal SftpClient OpenSftp(CredentialSecret secret, SftpPlace place)
    {
        if (secret.Type != "sftp")
        {
            throw new RunFailureException(FailureCategory.Configuration, $"The credential '{secret.Id}' is of the type {secret.Type}; an SFTP source needs one of the type sftp.");
        }

        var port = secret.Field("port");
        return new(
            new()
            {
                Host = place.Host ?? secret.Required("host"),
                Port = place.Port ?? (port is null ? 22 : int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0),
                User = secret.Required("user"),
                Password = secret.Field("password"),
                PrivateKey = secret.Field("privateKey"),
                Passphrase = secret.Field("passphrase"),
                HostKeys = secret.Required("hostKey"),
            },
            guard, clock);
    }
}

/// <summary>
/// A source for the length of one run. When the source no longer accepts the secret, the secret is fetched again, and if it was rotated meanwhile the call is repeated with
/// the new one: a rotation during a run goes unnoticed (C5).
/// </summary>
internal sealed class SourceConnection(SourceConnections connections, string credentialId, CredentialSecret secret, SourcePlace place, string purpose) : IFileLocation
{
    private readonly SemaphoreSlim _renewing = new(1, 1);
    private readonly List<IFileLocation> _locations = [];
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
        var location = connections.Open(fetched, place);
        lock (_locations)
        {
            _locations.Add(location);
        }

        return new(location, fetched.Version);
    }

    private sealed record Opened(IFileLocation Location, int Version);
}
