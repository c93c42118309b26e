using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Platform.Files.Formats.Avro;

/// <summary>Builds one JSON text in native memory: a value may be large, and the managed heap of a child is small.</summary>
internal sealed unsafe class JsonText : IDisposable
{
    private const int InitialBytes = 4096;
    private const int LongestNumber = 64;

    private static readonly SearchValues<byte> Escaped = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    private byte* _start = (byte*)NativeMemory.Alloc(InitialBytes);
    private int _capacity = InitialBytes;

    public int Length { get; private set; }

    public byte* Start => _start;

    public void Clear() => Length = 0;

    public void Raw(byte character) => *Room(1) = character;

    public void Raw(ReadOnlySpan<byte> text) => text.CopyTo(new Span<byte>(Room(text.Length), text.Length));

    /// <summary>A text in quotes; it must be UTF-8.</summary>
    public void Quoted(ReadOnlySpan<byte> text)
    {
        Raw((byte)'"');
        for (int special; (special = text.IndexOfAny(Escaped)) >= 0; text = text[(special + 1)..])
        {
            Raw(text[..special]);
            Escape(text[special]);
        }

        Raw(text);
        Raw((byte)'"');
    }

    /// <summary>Bytes as DuckDB shows a BLOB inside JSON: printable ASCII as it is, all others as \xHH, whose backslash JSON doubles.</summary>
    public void Binary(ReadOnlySpan<byte> bytes)
    {
        Raw((byte)'"');
        foreach (var value in bytes)
        {
            if (value is >= 0x20 and < 0x7F and not (byte)'\\' and not (byte)'\'' and not (byte)'"')
            {
                Raw(value);
            }
            else
            {
                Raw("\\\\x"u8);
                Hex(value, 'A');
            }
        }

        Raw((byte)'"');
    }

    public void Number(long value)
    {
        Utf8Formatter.TryFormat(value, new Span<byte>(Room(LongestNumber), LongestNumber), out var written);
        Length -= LongestNumber - written;
    }

    /// <summary>
    /// The shortest text that means the number as a double, or as a float when <paramref name="single"/> says so. NaN and infinities stand as themselves, which is no
    /// JSON: the row is rejected, as for nested values of every format.
    /// </summary>
    public void Number(double value, bool single)
    {
        if (!double.IsFinite(value))
        {
            Raw(double.IsNaN(value) ? "NaN"u8 : value > 0 ? "Infinity"u8 : "-Infinity"u8);
            return;
        }

        var span = new Span<byte>(Room(LongestNumber), LongestNumber);
        int written;
        _ = single ? ((float)value).TryFormat(span, out written, "R", CultureInfo.InvariantCulture) : value.TryFormat(span, out written, "R", CultureInfo.InvariantCulture);
        Length -= LongestNumber - written;

        // As DuckDB writes it: a number with a fraction shows one.
        if (span[..written].IndexOfAny((byte)'.', (byte)'E') < 0)
        {
            Raw(".0"u8);
        }
    }

    public void Decimal(Int128 unscaled, int scale)
    {
        Span<char> digits = stackalloc char[48];
        var magnitude = unscaled < 0 ? (UInt128)(-unscaled) : (UInt128)unscaled;
        magnitude.TryFormat(digits, out var count, $"D{scale + 1}", CultureInfo.InvariantCulture);
        if (unscaled < 0)
        {
            Raw((byte)'-');
        }

        for (var i = 0; i < count; i++)
        {
            if (scale > 0 && i == count - scale)
            {
                Raw((byte)'.');
            }

            Raw((byte)digits[i]);
        }
    }

    /// <summary>Text whose length is known by its writer, in ASCII and without characters to escape.</summary>
    public void Ascii(ReadOnlySpan<char> text)
    {
        foreach (var character in text)
        {
            Raw((byte)character);
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_start);
        _start = null;
    }

    private void Escape(byte character)
    {
        Raw((byte)'\\');
        switch (character)
        {
            case (byte)'"' or (byte)'\\':
                Raw(character);
                break;
            case (byte)'\n':
                Raw((byte)'n');
                break;
            case (byte)'\r':
                Raw((byte)'r');
                break;
            case (byte)'\t':
                Raw((byte)'t');
                break;
            default:
                Raw("u00"u8);
                Hex(character, 'a');
                break;
        }
    }

    private void Hex(byte value, char a)
    {
        Raw(Digit(value >> 4, a));
        Raw(Digit(value & 15, a));
    }

    private static byte Digit(int value, char a) => (byte)(value < 10 ? '0' + value : a + value - 10);

    private byte* Room(int bytes)
    {
        if (bytes > AvroCursor.MaxValueBytes - Length)
        {
            throw new AvroException($"a nested value is longer than {AvroCursor.MaxValueBytes >> 20} MB as JSON");
        }

        if (Length + bytes > _capacity)
        {
            _capacity = Math.Max(Length + bytes, _capacity * 2);
            _start = (byte*)NativeMemory.Realloc(_start, (nuint)_capacity);
        }

        var at = _start + Length;
        Length += bytes;
        return at;
    }
}
