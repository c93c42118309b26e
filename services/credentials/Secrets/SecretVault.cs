using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Platform.Credentials.MasterKeys;

namespace Platform.Credentials.Secrets;

/// <summary>
/// Envelope encryption of secrets (C2): AES-256-GCM with a fresh random data key per credential version, wrapped by AES-256-GCM with the current master key. The credential's id, type
/// and version are associated data of the payload, so a ciphertext moved to another row, or an old one put back, does not open.
/// </summary>
internal sealed class SecretVault(KeyRing masterKeys)
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int TagBytes = 16;

    /// <summary>Seals <paramref name="fields"/>. Plain bytes are wiped; the strings are the caller's.</summary>
    public SealedSecret Seal(string credentialId, string type, int version, IReadOnlyDictionary<string, string> fields)
    {
        Span<byte> dataKey = stackalloc byte[KeyBytes];
        var plain = JsonSerializer.SerializeToUtf8Bytes(fields);
        try
        {
            RandomNumberGenerator.Fill(dataKey);
            var generation = masterKeys.Current;
            return new()
            {
                CredentialId = credentialId,
                Version = version,
                SetFields = [.. fields.Keys],
                Payload = Encrypt(dataKey, plain, PayloadContext(credentialId, type, version)),
                WrappedKey = Encrypt(masterKeys.Get(generation), dataKey, KeyContext(credentialId, generation)),
                MasterGeneration = generation,
            };
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Opens a sealed secret. Throws <see cref="SecretUnreadableException"/> when a key is missing or wrong, or a byte was changed.</summary>
    public Dictionary<string, string> Open(SealedSecret secret, string type)
    {
        byte[] dataKey = [], plain = [];
        try
        {
            dataKey = Unwrap(secret);
            plain = Decrypt(dataKey, secret.Payload, PayloadContext(secret.CredentialId, type, secret.Version),
                "Its data key opens, but the stored secret does not: the stored bytes were changed, or belong to another credential or version. Enter the secret again.");
            return JsonSerializer.Deserialize<Dictionary<string, string>>(plain)!;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>Wraps the data key with the master key of <paramref name="generation"/> instead of its present one; the payload stays as it is. Throws <see cref="SecretUnreadableException"/>.</summary>
    public void Rewrap(SealedSecret secret, int generation)
    {
        var dataKey = Unwrap(secret);
        try
        {
            secret.WrappedKey = Encrypt(masterKeys.Get(generation), dataKey, KeyContext(secret.CredentialId, generation));
            secret.MasterGeneration = generation;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(dataKey);
        }
    }

    private byte[] Unwrap(SealedSecret secret) => Decrypt(
        masterKeys.Get(secret.MasterGeneration), secret.WrappedKey, KeyContext(secret.CredentialId, secret.MasterGeneration),
        $"Its data key does not open with master key generation {secret.MasterGeneration}: that key was replaced, or the stored bytes were changed. Put the original key back, or enter the secret again.");

    private static byte[] Encrypt(ReadOnlySpan<byte> key, ReadOnlySpan<byte> plain, byte[] context)
    {
        var result = new byte[NonceBytes + TagBytes + plain.Length];
        var nonce = result.AsSpan(0, NonceBytes);
        RandomNumberGenerator.Fill(nonce);
        using var aes = new AesGcm(key, TagBytes);
        aes.Encrypt(nonce, plain, result.AsSpan(NonceBytes + TagBytes), result.AsSpan(NonceBytes, TagBytes), context);
        return result;
    }

    private static byte[] Decrypt(ReadOnlySpan<byte> key, byte[] box, byte[] context, string reason)
    {
        if (box.Length < NonceBytes + TagBytes)
        {
            throw new SecretUnreadableException(reason);
        }

        var plain = new byte[box.Length - NonceBytes - TagBytes];
        using var aes = new AesGcm(key, TagBytes);
        try
        {
            aes.Decrypt(box.AsSpan(0, NonceBytes), box.AsSpan(NonceBytes + TagBytes), box.AsSpan(NonceBytes, TagBytes), plain, context);
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new SecretUnreadableException(reason);
        }

        return plain;
    }

    // '|' occurs in no id and no type name, so two different triples never give the same bytes.
    private static byte[] PayloadContext(string credentialId, string type, int version) => Encoding.UTF8.GetBytes($"{credentialId}|{type}|{version}");

    private static byte[] KeyContext(string credentialId, int generation) => Encoding.UTF8.GetBytes($"data-key|{credentialId}|{generation}");
}
