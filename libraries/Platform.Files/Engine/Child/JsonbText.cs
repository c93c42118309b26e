using System.Globalization;
using System.Text.Json;

namespace Platform.Files.Engine.Child;

/// <summary>What PostgreSQL's jsonb takes: strict JSON without U+0000, lone surrogates and numbers beyond its numeric type. One bad value would end the whole COPY.</summary>
internal static class JsonbText
{
    /// <summary>The byte before the text in jsonb's binary form.</summary>
    public const byte Version = 1;

    private const int MaxDepth = 512;
    private const int MaxNumberLength = 1000;
    private const int MaxExponent = 1000;
    private const string NotJson = "is not JSON";

    /// <summary>Why <paramref name="json"/> cannot be stored, or nothing.</summary>
    /// <param name="json">The text, in UTF-8.</param>
    /// <param name="check">Whether it may be something else than JSON; without that, only its escapes are looked at.</param>
    public static string? Problem(ReadOnlySpan<byte> json, bool check) => (check ? Syntax(json) : null) ?? Escapes(json);

    private static string? Syntax(ReadOnlySpan<byte> json)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = MaxDepth });
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.Number && !IsStorable(reader.ValueSpan))
                {
                    return "holds a number that PostgreSQL cannot store";
                }
            }

            return null;
        }
        catch (JsonException)
        {
            return NotJson;
        }
    }

    private static bool IsStorable(ReadOnlySpan<byte> number)
    {
        var e = number.IndexOfAny((byte)'e', (byte)'E');
        return number.Length <= MaxNumberLength
            && (e < 0 || (int.TryParse(number[(e + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent) && Math.Abs(exponent) <= MaxExponent));
    }

    private static string? Escapes(ReadOnlySpan<byte> json)
    {
        var high = false;
        for (var i = json.IndexOf((byte)'\\'); i >= 0;)
        {
            var unit = -1;
            var length = 2;
            if (json[i + 1] == (byte)'u')
            {
                length = 6;
                unit = int.Parse(json.Slice(i + 2, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
            }

            if (unit == 0)
            {
                return @"contains \u0000, which PostgreSQL cannot store";
            }

            // A low surrogate follows a high one at once, or neither is there.
            if (high != unit is >= 0xDC00 and <= 0xDFFF)
            {
                return "contains half of a surrogate pair";
            }

            high = unit is >= 0xD800 and <= 0xDBFF;
            i += length;
            if (high && (i >= json.Length || json[i] != (byte)'\\'))
            {
                return "contains half of a surrogate pair";
            }

            var next = json[i..].IndexOf((byte)'\\');
            i = next < 0 ? -1 : i + next;
        }

        return null;
    }
}
