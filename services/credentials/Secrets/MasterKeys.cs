using System.Globalization;
using System.Security.Cryptography;

namespace Platform.Credentials.Secrets;

/// <summary>
/// The master keys that wrap the data keys of the credentials: one file <c>{generation}.key</c> per generation in the folder <c>MasterKeys:Folder</c>, each 32 random bytes in
/// base64. The highest generation wraps; the older ones still unwrap, until nothing is wrapped by them any more.
/// </summary>
internal sealed class MasterKeys : IDisposable
{
    private const int KeyBytes = 32;
    private const string Remedy = "Make one with: head -c 32 /dev/urandom | base64 > 1.key";

    private readonly SortedDictionary<int, byte[]> _keys = [];

    /// <summary>Reads the keys. Throws <see cref="InvalidOperationException"/> that names the folder or file which cannot be used, and never shows a key.</summary>
    public MasterKeys(IConfiguration configuration)
    {
        var folder = configuration["MasterKeys:Folder"]
            ?? throw new InvalidOperationException($"The setting MasterKeys:Folder is missing. It must name the folder with the master keys, one file GENERATION.key each. {Remedy}");
        if (!Directory.Exists(folder))
        {
            throw new InvalidOperationException($"MasterKeys:Folder names the folder '{folder}', which does not exist. It must hold one file GENERATION.key per master key. {Remedy}");
        }

        foreach (var file in Directory.EnumerateFiles(folder, "*.key"))
        {
            if (!int.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var generation) || generation == 0)
            {
                throw new InvalidOperationException($"The master key file '{file}' must be named by its generation, a whole number from 1, for example 1.key.");
            }

            if (!_keys.TryAdd(generation, Read(file)))
            {
                throw new InvalidOperationException($"The folder '{folder}' holds two master keys of generation {generation}.");
            }
        }

        if (_keys.Count == 0)
        {
            throw new InvalidOperationException($"The folder '{folder}' (MasterKeys:Folder) holds no file GENERATION.key. {Remedy}");
        }

        Current = _keys.Keys.Last();
    }

    /// <summary>The generation that wraps new data keys.</summary>
    public int Current { get; }

    /// <summary>The key of a generation.</summary>
    public ReadOnlySpan<byte> Get(int generation) => _keys.TryGetValue(generation, out var key)
        ? key
        : throw new SecretUnreadableException(
            $"It is wrapped by master key generation {generation}, and the key folder holds only {string.Join(", ", _keys.Keys)}. Put the file {generation}.key back.");

    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private static byte[] Read(string file)
    {
        // A key is 44 characters; a longer file is no key, and is not read further.
        Span<byte> text = stackalloc byte[256];
        int length;
        using (var stream = File.OpenRead(file))
        {
            length = stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false);
        }

        var key = new byte[KeyBytes];
        try
        {
            var trimmed = text[..length].Trim(" \t\r\n"u8);
            var status = System.Buffers.Text.Base64.DecodeFromUtf8(trimmed, key, out _, out var written);
            return status == System.Buffers.OperationStatus.Done && written == KeyBytes
                ? key
                : throw new InvalidOperationException($"The master key file '{file}' must hold exactly {KeyBytes} bytes in base64 (44 characters). {Remedy}");
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }
    }
}

/// <summary>Reads the master keys when the service starts: a missing key stops the start, not the first request.</summary>
internal sealed class MasterKeysAtStart(IServiceProvider services) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        services.GetRequiredService<MasterKeys>();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}

/// <summary>A stored secret cannot be opened; the message says why and what to do, and shows nothing of it.</summary>
internal sealed class SecretUnreadableException(string reason) : Exception(reason);
