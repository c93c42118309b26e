using System.Security.Cryptography;

namespace Platform.ServiceDefaults;

/// <summary>Ids as people see them: a prefix that tells the kind, then lower-case letters and digits (no i, l, o, u).</summary>
public static class PublicId
{
    private const string Alphabet = "0123456789abcdefghjkmnpqrstvwxyz";

    /// <summary>A short random id for things people name and configure, for example <c>df-k3f9ax2m</c>: 40 random bits; a unique key catches a collision.</summary>
    public static string Short(string prefix) => $"{prefix}-{RandomNumberGenerator.GetString(Alphabet, 8)}";

    /// <summary>An id for things that come in great numbers, for example <c>run-06c…</c>: a version-7 GUID in base 32, so ids sort by time.</summary>
    public static string Sequential(string prefix)
    {
        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7().TryWriteBytes(bytes, bigEndian: true, out _);
        var value = System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(bytes);
        Span<char> digits = stackalloc char[26];
        for (var i = 25; i >= 0; i--)
        {
            digits[i] = Alphabet[(int)(value & 31)];
            value >>= 5;
        }

        return $"{prefix}-{digits}";
    }
}
