using System.Buffers.Text;
using System.Security.Cryptography;

namespace Platform.Credentials.SecretRequests;

/// <summary>The secret part of a link: 256 random bits, 43 characters of base64url. Only its SHA-256 is stored.</summary>
internal static class LinkToken
{
    private const int Bytes = 32;

    public static (string Token, byte[] Hash) Create()
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        RandomNumberGenerator.Fill(bytes);
        var token = (Base64Url.EncodeToString(bytes), SHA256.HashData(bytes));
        CryptographicOperations.ZeroMemory(bytes);
        return token;
    }

    /// <summary>What a token would be stored as. A text that is no token has a hash too, which no token has: every guess takes the same way.</summary>
    public static byte[] Hash(string token)
    {
        Span<byte> bytes = stackalloc byte[Bytes + 1];
        return token.Length == Base64Url.GetEncodedLength(Bytes) && Base64Url.TryDecodeFromChars(token, bytes, out var length) && length == Bytes
            ? SHA256.HashData(bytes[..Bytes])
            : SHA256.HashData("no token"u8);
    }
}
