using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using Platform.Campaigns.Lists;

namespace Platform.Campaigns.Recipients;

/// <summary>What a value of each field type must look like; the texts name rule and finding, never the value itself.</summary>
internal static class FieldRules
{
    private const int LongestAddress = 254; // RFC 5321 §4.5.3.1.3, less the angle brackets
    private const int LongestLocalPart = 64; // §4.5.3.1.1

    private static readonly SearchValues<byte> LocalPart = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.!#$%&'*+/=?^_`{|}~-"u8);
    private static readonly SearchValues<byte> Label = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"u8);
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);
    private static readonly SearchValues<byte> Unusual = SearchValues.Create("\0\r\n"u8);

    /// <summary>False when no value of a row has a byte that is looked for whatever the type: then <see cref="CheckType"/> says all there is to say.</summary>
    public static bool HasUnusual(RecipientRow row) => row.Bytes.ContainsAny(Unusual);

    /// <summary>What is wrong with a value, or null.</summary>
    public static string? Check(RecipientField field, ReadOnlySpan<byte> value, LineBreaks lineBreaks)
    {
        if (value.Contains((byte)0))
        {
            return "contains a NUL character, which no recipient list takes.";
        }

        if (lineBreaks == LineBreaks.Refuse && value.ContainsAny(LineEnds))
        {
            return "contains a line break. Remove it, or let the list replace or keep line breaks.";
        }

        return CheckType(field, value);
    }

    /// <summary>What a value lacks to be of its field's type, or null.</summary>
    public static string? CheckType(RecipientField field, ReadOnlySpan<byte> value) =>
        field.Type switch
        {
            RecipientFieldType.Varchar => CheckText(field, value),
            RecipientFieldType.Bigint => IsInteger(value, out _) ? null : "is no whole number of 64 bits.",
            RecipientFieldType.Integer => IsInteger(value, out var number) && number is >= int.MinValue and <= int.MaxValue ? null : "is no whole number of 32 bits.",
            RecipientFieldType.Decimal => IsDecimal(value) ? null : "is no decimal number with a point, for example -12.50.",
            RecipientFieldType.Boolean => value.SequenceEqual("true"u8) || value.SequenceEqual("false"u8) ? null : "is neither true nor false.",
            RecipientFieldType.Date => IsTime(value, "yyyy-MM-dd") ? null : "is no date such as 2021-01-31.",
            RecipientFieldType.Datetime => IsTime(value, "yyyy-MM-dd HH:mm:ss") ? null : "is no time such as 2021-01-31 12:07:55.",
            _ => throw new InvalidOperationException($"No rule for {field.Type}."),
        };

    /// <summary>An address that mail servers take: ASCII, one @, a local part of atoms, a domain name of at least two labels (RFC 5321 §4.1.2, without quoted local parts and address literals).</summary>
    public static bool IsEmail(ReadOnlySpan<byte> value)
    {
        var at = value.IndexOf((byte)'@');
        if (value.Length > LongestAddress || at is < 1 or > LongestLocalPart)
        {
            return false;
        }

        var local = value[..at];
        var domain = value[(at + 1)..];
        return !local.ContainsAnyExcept(LocalPart) && local[0] != '.' && local[^1] != '.' && local.IndexOf(".."u8) < 0 && IsDomain(domain);
    }

    private static bool IsDomain(ReadOnlySpan<byte> domain)
    {
        var labels = 0;
        var letters = false;
        foreach (var range in domain.Split((byte)'.'))
        {
            var label = domain[range];
            if (label.Length is < 1 or > 63 || label[0] == '-' || label[^1] == '-' || label.ContainsAnyExcept(Label))
            {
                return false;
            }

            labels++;
            letters = label.ContainsAnyExceptInRange((byte)'0', (byte)'9');
        }

        return labels >= 2 && letters;
    }

    private static string? CheckText(RecipientField field, ReadOnlySpan<byte> value)
    {
        // Bytes above the length are the rare case: only then characters must be counted.
        if (field.Length is { } length && value.Length > length)
        {
            var characters = CountCharacters(value);
            if (characters > length)
            {
                return $"has {characters:N0} characters; {field.Name} takes {length:N0}.";
            }
        }

        if (field.EffectiveRole == RecipientFieldRole.Email && !IsEmail(value))
        {
            return "is no e-mail address such as user@example.com.";
        }

        return field.EffectiveRole == RecipientFieldRole.ContentUrl && ContentUrl(value) is null ? "is no http or https address." : null;
    }

    public static Uri? ContentUrl(ReadOnlySpan<byte> value) =>
        Uri.TryCreate(Encoding.UTF8.GetString(value), UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" ? uri : null;

    private static int CountCharacters(ReadOnlySpan<byte> utf8)
    {
        var count = 0;
        foreach (var one in utf8)
        {
            count += (one & 0xC0) != 0x80 ? 1 : 0;
        }

        return count;
    }

    private static bool IsInteger(ReadOnlySpan<byte> value, out long number) =>
        Utf8Parser.TryParse(value, out number, out var used) && used == value.Length && value[0] != '+';

    private static bool IsDecimal(ReadOnlySpan<byte> value) =>
        decimal.TryParse(value, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out _) && value[0] != '+';

    private static bool IsTime(ReadOnlySpan<byte> value, string format) =>
        value.Length == format.Length && DateTime.TryParseExact(Encoding.UTF8.GetString(value), format, CultureInfo.InvariantCulture, DateTimeStyles.None, out _);
}
