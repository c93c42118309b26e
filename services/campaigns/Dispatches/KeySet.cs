using System.Collections;
using System.Runtime.CompilerServices;

namespace Platform.Campaigns.Dispatches;

/// <summary>
/// A set of keys that are hashes already, so that their own bits say where they lie. Many small tables, each found by the first bits of a key and grown by itself: a key takes 21 to 43
/// bytes and never a second copy of all of them, where one large table is copied as a whole whenever it grows.
/// </summary>
internal sealed class KeySet : IEnumerable<UInt128>
{
    private const int TableBits = 10;
    private const int FirstCapacity = 8;

    private readonly UInt128[]?[] _tables = new UInt128[]?[1 << TableBits];
    private readonly int[] _counts = new int[1 << TableBits];

    // Zero marks a free place, and is a key as good as any other.
    private bool _zero;

    public int Count { get; private set; }

    /// <summary>False when the key is in already.</summary>
    public bool Add(UInt128 key)
    {
        if (key == UInt128.Zero)
        {
            if (_zero)
            {
                return false;
            }

            Count++;
            return _zero = true;
        }

        var number = NumberOf(key);
        var table = _tables[number] ??= new UInt128[FirstCapacity];
        var place = Find(table, key);
        if (table[place] == key)
        {
            return false;
        }

        table[place] = key;
        Count++;
        if (++_counts[number] > table.Length / 4 * 3)
        {
            _tables[number] = Grown(table);
        }

        return true;
    }

    /// <summary>
    /// Looks at the places of keys that are about to be added, so that all of them are on their way from memory at a time, where adding one after the other would wait for each. What it
    /// returns means nothing; it is there so that the looking is not left out.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public UInt128 Fetch(ReadOnlySpan<UInt128> keys)
    {
        var seen = UInt128.Zero;
        foreach (var key in keys)
        {
            if (_tables[NumberOf(key)] is { } table)
            {
                seen ^= table[(int)(ulong)key & (table.Length - 1)];
            }
        }

        return seen;
    }

    public bool Contains(UInt128 key) => key == UInt128.Zero ? _zero : _tables[NumberOf(key)] is { } table && table[Find(table, key)] == key;

    public IEnumerator<UInt128> GetEnumerator()
    {
        if (_zero)
        {
            yield return UInt128.Zero;
        }

        foreach (var table in _tables)
        {
            foreach (var key in table ?? [])
            {
                if (key != UInt128.Zero)
                {
                    yield return key;
                }
            }
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static int NumberOf(UInt128 key) => (int)(key >> (128 - TableBits));

    /// <summary>Where the key lies, or would lie.</summary>
    private static int Find(UInt128[] table, UInt128 key)
    {
        var place = (int)(ulong)key & (table.Length - 1);
        while (table[place] != UInt128.Zero && table[place] != key)
        {
            place = (place + 1) & (table.Length - 1);
        }

        return place;
    }

    private static UInt128[] Grown(UInt128[] table)
    {
        var larger = new UInt128[table.Length * 2];
        foreach (var key in table)
        {
            if (key != UInt128.Zero)
            {
                larger[Find(larger, key)] = key;
            }
        }

        return larger;
    }
}
