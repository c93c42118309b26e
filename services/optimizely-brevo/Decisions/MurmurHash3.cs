using System.Buffers.Binary;
using System.Numerics;

namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>MurmurHash3, x86, 32 bits (r136), with the seed Optimizely's SDKs use.</summary>
internal static class MurmurHash3
{
    private const uint Seed = 1;
    private const uint C1 = 0xcc9e2d51;
    private const uint C2 = 0x1b873593;

    /// <summary>One above the greatest bucket value: traffic is dealt in hundredths of a percent.</summary>
    public const int Buckets = 10_000;

    /// <summary>floor(hash / 2^32 * 10000), in integers; the SDKs' floating-point way gives the same for every hash.</summary>
    public static int BucketValue(ReadOnlySpan<byte> key) => (int)(((ulong)Hash(key) * Buckets) >> 32);

    public static uint Hash(ReadOnlySpan<byte> key)
    {
        var hash = Seed;
        var rest = key;
        while (rest.Length >= 4)
        {
            hash ^= Scramble(BinaryPrimitives.ReadUInt32LittleEndian(rest));
            hash = (BitOperations.RotateLeft(hash, 13) * 5) + 0xe6546b64;
            rest = rest[4..];
        }

        uint tail = 0;
        for (var i = rest.Length - 1; i >= 0; i--)
        {
            tail = (tail << 8) | rest[i];
        }

        hash ^= Scramble(tail);
        hash ^= (uint)key.Length;
        hash ^= hash >> 16;
        hash *= 0x85ebca6b;
        hash ^= hash >> 13;
        hash *= 0xc2b2ae35;
        hash ^= hash >> 16;
        return hash;
    }

    // Zero stays zero, so an empty tail changes nothing.
    private static uint Scramble(uint block) => BitOperations.RotateLeft(block * C1, 15) * C2;
}
