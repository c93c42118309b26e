using System.Globalization;

namespace Platform.Files.Formats.Json;

/// <summary>What a JSON text means.</summary>
internal static class JsonText
{
    /// <summary>Writes the text that <paramref name="escaped"/>, proved to be the inside of a JSON text, stands for; its length, or -1 when a surrogate has no other half.</summary>
    public static int Unescape(ReadOnlySpan<byte> escaped, Span<byte> target)
    {
        var written = 0;
        while (escaped.IndexOf((byte)'\\') is >= 0 and var plain)
        {
            escaped[..plain].CopyTo(target[written..]);
            written += plain;
            escaped = escaped[plain..];
            if (escaped[1] != 'u')
            {
                target[written++] = escaped[1] switch
                {
                    (byte)'b' => (byte)'\b',
                    (byte)'f' => (byte)'\f',
                    (byte)'n' => (byte)'\n',
                    (byte)'r' => (byte)'\r',
                    (byte)'t' => (byte)'\t',
                    var itself => itself,
                };
                escaped = escaped[2..];
                continue;
            }

            int point = Unit(escaped);
            escaped = escaped[6..];
            if (char.IsSurrogate((char)point))
            {
                if (!char.IsHighSurrogate((char)point) || escaped is not [(byte)'\\', (byte)'u', ..] || !char.IsLowSurrogate(Unit(escaped)))
                {
                    return -1;
                }

                point = char.ConvertToUtf32((char)point, Unit(escaped));
                escaped = escaped[6..];
            }

            written += new System.Text.Rune(point).EncodeToUtf8(target[written..]);
        }

        escaped.CopyTo(target[written..]);
        return written + escaped.Length;
    }

    private static char Unit(ReadOnlySpan<byte> escape) => (char)int.Parse(escape.Slice(2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
