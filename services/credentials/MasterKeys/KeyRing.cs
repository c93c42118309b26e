using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Platform.Credentials.Secrets;

namespace Platform.Credentials.MasterKeys;

/// <summary>
/// The master keys that wrap the data keys of the credentials, 32 random bytes in base64 each: files <c>{generation}.key</c> of the folder <c>MasterKeys:Folder</c>, or settings
/// <c>MasterKeys:Keys:{generation}</c> (environment <c>MasterKeys__Keys__1</c>), or both. The highest generation wraps; the older ones still unwrap, until nothing is wrapped by them any more.
/// </summary>
internal sealed class KeyRing : IDisposable
{
    public const int KeyBytes = 32;

    private const string Remedy = "Make one with: head -c 32 /dev/urandom | base64 > 1.key";
    private static readonly byte[] CheckedText = Encoding.ASCII.GetBytes("courier platform master key");

    private readonly IConfiguration _configuration;
    private readonly Lock _reading = new();
    private volatile SortedDictionary<int, byte[]> _keys;

    /// <summary>Reads the keys. Throws <see cref="InvalidOperationException"/> that names the folder, file or setting which cannot be used, and never shows a key.</summary>
    public KeyRing(IConfiguration configuration)
    {
        _configuration = configuration;
        _keys = ReadAll();
    }

    /// <summary>The generation that wraps new data keys.</summary>
    public int Current => _keys.Keys.Last();

    public IReadOnlyCollection<int> Generations => _keys.Keys;

    /// <summary>The key of a generation. One that is not known yet may have been put into the folder meanwhile: it is looked for.</summary>
    public ReadOnlySpan<byte> Get(int generation)
    {
        if (!_keys.ContainsKey(generation))
        {
            Reload();
        }

        return _keys.TryGetValue(generation, out var key)
            ? key
            : throw new SecretUnreadableException(
                $"It is wrapped by master key generation {generation}, and there are only {string.Join(", ", _keys.Keys)}. Put the file {generation}.key, or the setting MasterKeys:Keys:{generation}, back.");
    }

    /// <summary>Reads the keys again. Keys that are gone stay known until the process ends. Throws as the constructor does, also when a generation has become another key.</summary>
    public void Reload()
    {
        lock (_reading)
        {
            var found = ReadAll();
            foreach (var (generation, key) in _keys)
            {
                if (!found.TryAdd(generation, key) && !CryptographicOperations.FixedTimeEquals(found[generation], key))
                {
                    throw new InvalidOperationException($"Master key generation {generation} is another key than it was when the service started. Generations never change: put the old key back, and give a new key the next number.");
                }
            }

            _keys = found;
        }
    }

    /// <summary>What a key is recognized by, without telling it.</summary>
    public byte[] CheckOf(int generation) => HMACSHA256.HashData(Get(generation), CheckedText);

    public void Dispose()
    {
        foreach (var key in _keys.Values)
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    private SortedDictionary<int, byte[]> ReadAll()
    {
        var keys = new SortedDictionary<int, byte[]>();
        var folder = _configuration["MasterKeys:Folder"];
        var settings = _configuration.GetSection("MasterKeys:Keys").GetChildren().ToList();
        if (string.IsNullOrEmpty(folder) && settings.Count == 0)
        {
            throw new InvalidOperationException($"The setting MasterKeys:Folder is missing. It must name the folder with the master keys, one file GENERATION.key each. {Remedy}");
        }

        foreach (var setting in settings)
        {
            Add(keys, setting.Key, $"The setting MasterKeys:Keys:{setting.Key}", Encoding.ASCII.GetBytes(setting.Value ?? ""));
        }

        if (!string.IsNullOrEmpty(folder))
        {
            if (!Directory.Exists(folder))
            {
                throw new InvalidOperationException($"MasterKeys:Folder names the folder '{folder}', which does not exist. It must hold one file GENERATION.key per master key. {Remedy}");
            }

            foreach (var file in Directory.EnumerateFiles(folder, "*.key"))
            {
                Add(keys, Path.GetFileNameWithoutExtension(file), $"The master key file '{file}'", Read(file));
            }
        }

        return keys.Count > 0 ? keys : throw new InvalidOperationException($"The folder '{folder}' (MasterKeys:Folder) holds no file GENERATION.key. {Remedy}");
    }

    private static void Add(SortedDictionary<int, byte[]> keys, string name, string where, byte[] text)
    {
        if (!int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var generation) || generation == 0)
        {
            throw new InvalidOperationException($"{where} must be named by its generation, a whole number from 1, for example 1.key.");
        }

        var key = new byte[KeyBytes];
        try
        {
            var status = System.Buffers.Text.Base64.DecodeFromUtf8(text.AsSpan().Trim(" \t\r\n"u8), key, out _, out var written);
            if (status != System.Buffers.OperationStatus.Done || written != KeyBytes)
            {
                throw new InvalidOperationException($"{where} must hold exactly {KeyBytes} bytes in base64 (44 characters). {Remedy}");
            }
        }
        finally
        {
            CryptographicOperations.ZeroMemory(text);
        }

        if (!keys.TryAdd(generation, key))
        {
            throw new InvalidOperationException($"There are two master keys of generation {generation}; one of them is {where}.");
        }
    }

    // A key is 44 characters; a longer file is no key, and is not read further.
    private static byte[] Read(string file)
    {
        var text = new byte[256];
        using var stream = File.OpenRead(file);
        return text[..stream.ReadAtLeast(text, text.Length, throwOnEndOfStream: false)];
    }
}
