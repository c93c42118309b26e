using System.Buffers;

namespace Platform.Files.Engine.Child;

/// <summary>Writes texts as JSON strings.</summary>
internal static unsafe class JsonString
{
    private const int LongestEscape = 6;

    private static readonly SearchValues<byte> ToEscape = SearchValues.Create([.. Enumerable.Range(0, 0x20).Select(i => (byte)i), (byte)'"', (byte)'\\']);

    /// <summary>At most how many bytes <see cref="Write"/> needs.</summary>
    public static int Length(ReadOnlySpan<byte> text)
    {
        var escapes = 0;
        for (var rest = text; rest.IndexOfAny(ToEscape) is >= 0 and var i; rest = rest[(i + 1)..])
        {
            escapes++;
        }

        return text.Length + (escapes * (LongestEscape - 1)) + 2;
    }

    /// <summary>Writes <paramref name="text"/> in quotation marks; returns the place behind it.</summary>
    public static byte* Write(byte* to, ReadOnlySpan<byte> text)
    {
        *to++ = (byte)'"';
        while (text.Length > 0)
        {
            var plain = text.IndexOfAny(ToEscape);
            var count = plain < 0 ? text.Length : plain;
            text[..count].CopyTo(new Span<byte>(to, count));
            to += count;
            text = text[count..];
            if (plain >= 0)
            {
                to = Escape(to, text[0]);
                text = text[1..];
            }
        }

        *to++ = (byte)'"';
        return to;
    }

    private static byte* Escape(byte* to, byte character)
    {
        *to++ = (byte)'\\';
        if (character is (byte)'"' or (byte)'\\')
        {
            *to++ = character;
            return to;
        }

        "u00"u8.CopyTo(new Span<byte>(to, 3));
        to[3] = (byte)('0' + (character >> 4));
        to[4] = "0123456789abcdef"u8[character & 15];
        return to + 5;
    }
}
