using System.Collections;
using Platform.Feeds.Credentials;
using Platform.Feeds.Persistence;
using Platform.Files.Engine;
using Platform.Files.Locations.Landing;

namespace Platform.Feeds.Loading;

/// <summary>Landed files as the engine takes them, with the keys of those that are encrypted. A key is fetched for each reading and kept nowhere.</summary>
internal sealed class SourceFiles(LandingStore landing, IServiceScopeFactory scopes)
{
    private const int AtATime = 8;

    /// <summary>Opens the files; they are there until the result is disposed of.</summary>
    /// <exception cref="LoadFailedException">A file is not there as it was landed, nobody can read it, or its key is not to be had.</exception>
    public async Task<OpenedFiles> OpenAsync(IEnumerable<LoadFile> files, string purpose, CancellationToken cancellationToken)
    {
        var wanted = files.ToArray();
        var opened = new OpenedFiles(wanted.Length);
        try
        {
            await Parallel.ForAsync(0, wanted.Length, new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken }, async (at, token) =>
            {
                var (file, copies) = await landing.OpenAsync(wanted[at], token);
                opened.Take(at, file, copies);
            });
            await UnlockAsync(opened, purpose, cancellationToken);
            return opened;
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    private async Task UnlockAsync(OpenedFiles opened, string purpose, CancellationToken cancellationToken)
    {
        var keys = new Dictionary<string, PgpKey>(StringComparer.Ordinal);
        for (var at = 0; at < opened.Count; at++)
        {
            if (opened[at] is { Settings.PgpCredentialId: { } id } file)
            {
                var key = await KeyAsync(id, purpose, keys, cancellationToken);
                opened.Take(at, file with { Pgp = key, Previous = file.Previous is { } previous ? previous with { Pgp = key } : null }, []);
            }
        }
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

/// <summary>Landed files on this machine's disk, for as long as they are read.</summary>
internal sealed class OpenedFiles(int count) : IReadOnlyList<SourceFile>, IDisposable
{
    private readonly SourceFile?[] _files = new SourceFile?[count];
    private readonly List<LandedCopy> _copies = [];

    public int Count => _files.Length;

    public SourceFile this[int index] => _files[index]!;

    public void Take(int at, SourceFile file, IReadOnlyList<LandedCopy> copies)
    {
        lock (_copies)
        {
            _files[at] = file;
            _copies.AddRange(copies);
        }
    }

    public IEnumerator<SourceFile> GetEnumerator() => _files.Select(file => file!).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Dispose() => _copies.ForEach(copy => copy.Dispose());
}
