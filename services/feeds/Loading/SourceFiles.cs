using Platform.Feeds.Credentials;
using Platform.Feeds.Persistence;
using Platform.Files.Engine;

namespace Platform.Feeds.Loading;

/// <summary>Landed files as the engine takes them, with the keys of those that are encrypted. A key is fetched for each reading and kept nowhere.</summary>
internal sealed class SourceFiles(LandingStore landing, IServiceScopeFactory scopes)
{
    /// <exception cref="LoadFailedException">A file is not there as it was landed, nobody can read it, or its key is not to be had.</exception>
    public async Task<IReadOnlyList<SourceFile>> OpenAsync(IEnumerable<LoadFile> files, string purpose, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<string, PgpKey>(StringComparer.Ordinal);
        var opened = new List<SourceFile>();
        foreach (var file in files.Select(landing.Open))
        {
            var key = file.Settings.PgpCredentialId is { } id ? await KeyAsync(id, purpose, keys, cancellationToken) : null;
            opened.Add(file with { Pgp = key, Previous = file.Previous is { } previous ? previous with { Pgp = key } : null });
        }

        return opened;
    }

    private async Task<PgpKey> KeyAsync(string id, string purpose, Dictionary<string, PgpKey> keys, CancellationToken cancellationToken)
    {
        if (!keys.TryGetValue(id, out var key))
        {
            await using var scope = scopes.CreateAsyncScope();
            keys[id] = key = await scope.ServiceProvider.GetRequiredService<CredentialsClient>().PgpKeyAsync(id, purpose, cancellationToken);
        }

        return key;
    }
}
