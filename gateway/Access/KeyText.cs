using System.Security.Cryptography;
using System.Text;

namespace Platform.Gateway.Access;

/// <summary>How a key reads: <c>cp_</c>, eight characters that may be shown, <c>_</c>, 52 characters with 256 random bits and more. Nothing in it breaks a double-click selection.</summary>
internal static class KeyText
{
    public const int PrefixLength = 8;

    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
    private const string Start = "cp_";
    private const int SecretLength = 52;
    private const int Length = 3 + PrefixLength + 1 + SecretLength;

    /// <summary>A new key.</summary>
    public static string Create() => $"{Start}{RandomNumberGenerator.GetString(Alphabet, PrefixLength)}_{RandomNumberGenerator.GetString(Alphabet, SecretLength)}";

    /// <summary>False for what cannot be a key, without asking the database.</summary>
    public static bool LooksLikeKey(string text) =>
        text.Length == Length && text.StartsWith(Start, StringComparison.Ordinal) && text[Start.Length + PrefixLength] == '_' && !text.AsSpan().ContainsAnyExcept("_0123456789abcdefghijklmnopqrstuvwxyz");

    public static string PrefixOf(string key) => key.Substring(Start.Length, PrefixLength);

    public static byte[] HashOf(string key) => SHA256.HashData(Encoding.ASCII.GetBytes(key));
}
