using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Platform.Campaigns.Dispatches;

/// <summary>
/// Makes the keys of eight addresses at a time (see <see cref="RecipientIndex.KeyOf"/>): SHA-256 of FIPS 180-4, each address in a lane of its own. One by one through the system's library,
/// keys were the dearest part of a recipient.
/// </summary>
internal sealed class KeyMaker
{
    /// <summary>How many addresses one making takes.</summary>
    public const int Lanes = 8;

    private const int BlockSize = 64;
    private const int WordsOfBlock = 16;
    private const int Rounds = 64;

    // A block ends with a mark of one bit and the length in eight bytes.
    private const int LongestInOneBlock = BlockSize - sizeof(ulong) - 1;

    private static readonly uint[] Constants =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
        0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
        0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    private readonly uint[] _words = new uint[WordsOfBlock * Lanes];
    private readonly UInt128[] _keys = new UInt128[Lanes];
    private readonly bool[] _alone = new bool[Lanes];

    /// <summary>The keys as of the last making, by lane.</summary>
    public ReadOnlySpan<UInt128> Keys => _keys;

    /// <summary>Puts an address into a lane; what does not fit into one block is done at once, alone.</summary>
    public void Set(int lane, ReadOnlySpan<byte> address)
    {
        _alone[lane] = address.Length > LongestInOneBlock;
        if (_alone[lane])
        {
            _keys[lane] = RecipientIndex.KeyOf(address);
            return;
        }

        Span<byte> block = stackalloc byte[BlockSize];
        block.Clear();
        RecipientIndex.Lower(address, block);
        block[address.Length] = 0x80;
        BinaryPrimitives.WriteInt64BigEndian(block[^sizeof(ulong)..], address.Length * 8L);
        for (var word = 0; word < WordsOfBlock; word++)
        {
            _words[(word * Lanes) + lane] = BinaryPrimitives.ReadUInt32BigEndian(block[(word * sizeof(uint))..]);
        }
    }

    /// <summary>Makes the keys of all lanes; those that were not set have no meaning.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Make()
    {
        Span<Vector256<uint>> schedule = stackalloc Vector256<uint>[Rounds];
        for (var word = 0; word < WordsOfBlock; word++)
        {
            schedule[word] = Vector256.Create<uint>(_words.AsSpan(word * Lanes, Lanes));
        }

        for (var word = WordsOfBlock; word < Rounds; word++)
        {
            var (early, late) = (schedule[word - 15], schedule[word - 2]);
            schedule[word] = schedule[word - 16] + (Rotated(early, 7) ^ Rotated(early, 18) ^ (early >>> 3)) + schedule[word - 7] + (Rotated(late, 17) ^ Rotated(late, 19) ^ (late >>> 10));
        }

        // The fractions of the square roots of the first eight primes.
        Vector256<uint> a0 = Vector256.Create(0x6a09e667u), b0 = Vector256.Create(0xbb67ae85u), c0 = Vector256.Create(0x3c6ef372u), d0 = Vector256.Create(0xa54ff53au);
        var (a, b, c, d) = (a0, b0, c0, d0);
        Vector256<uint> e = Vector256.Create(0x510e527fu), f = Vector256.Create(0x9b05688cu), g = Vector256.Create(0x1f83d9abu), h = Vector256.Create(0x5be0cd19u);
        for (var round = 0; round < Rounds; round++)
        {
            var first = h + (Rotated(e, 6) ^ Rotated(e, 11) ^ Rotated(e, 25)) + ((e & f) ^ Vector256.AndNot(g, e)) + Vector256.Create(Constants[round]) + schedule[round];
            var second = (Rotated(a, 2) ^ Rotated(a, 13) ^ Rotated(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            h = g;
            g = f;
            f = e;
            e = d + first;
            d = c;
            c = b;
            b = a;
            a = first + second;
        }

        // A key is the first half of the hash.
        (a, b, c, d) = (a + a0, b + b0, c + c0, d + d0);
        for (var lane = 0; lane < Lanes; lane++)
        {
            if (!_alone[lane])
            {
                _keys[lane] = new(((ulong)a[lane] << 32) | b[lane], ((ulong)c[lane] << 32) | d[lane]);
            }
        }
    }

    private static Vector256<uint> Rotated(Vector256<uint> words, int bits) => (words >>> bits) | (words << (32 - bits));
}
