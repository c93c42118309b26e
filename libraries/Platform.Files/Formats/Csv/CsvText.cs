using System.Runtime.CompilerServices;

namespace Platform.Files.Formats.Csv;

/// <summary>Takes escapes out of a quoted field.</summary>
internal static unsafe class CsvText
{
    /// <summary>Does it in place; the new length.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Unescape(byte* text, int length, CsvDialect dialect)
    {
        var escape = dialect.Escape;
        var from = new ReadOnlySpan<byte>(text, length).IndexOf(escape);
        if (from < 0)
        {
            return length;
        }

        var to = from;
        while (from < length)
        {
            var found = text[from];
            if (found == escape && from + 1 < length)
            {
                // The character behind an escape stands for itself, whatever it is.
                found = text[++from];
            }

            text[to++] = found;
            from++;
        }

        return to;
    }
}
