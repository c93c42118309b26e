using System.Globalization;
using System.Text.RegularExpressions;

namespace Platform.Credentials.Kinds;

/// <summary>Rules of one-line values. Each answers what is wrong, or null; those that may serve secret fields never quote the value.</summary>
internal static partial class TextRules
{
    /// <summary>Keys and tokens: visible ASCII only.</summary>
    public static string? Printable(string value) => value.All(character => character is > ' ' and <= '~')
        ? null
        : "Contains a space, a line break or another character that keys never have. Was it copied whole and alone?";

    /// <summary>Passwords and passphrases: anything but control characters.</summary>
    public static string? OneLine(string value) => value.Any(char.IsControl) ? "Contains a line break or another control character. Was it copied whole and alone?" : null;

    /// <summary>Names of accounts; a hyphen in front would read as an option to a program.</summary>
    public static string? User(string value) => value.StartsWith('-') || value.Any(character => char.IsControl(character) || char.IsWhiteSpace(character))
        ? "An account's name has no spaces and does not begin with a hyphen."
        : null;

    public static string? Port(string value) =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is >= 1 and <= 65535 ? null : $"'{value}' is no port: expected a whole number from 1 to 65535.";

    public static string? Digits(string value) => value.All(char.IsAsciiDigit) ? null : $"'{value}' is no id: expected digits only.";

    public static string? Email(string value) => Address().IsMatch(value) ? null : $"'{value}' is no address: expected one plain e-mail address, for example alerts@example.com.";

    public static string? Region(string value) => RegionName().IsMatch(value) ? null : $"'{value}' is no region: expected lower-case letters, digits and hyphens, for example us-east-1.";

    public static string? RoleArn(string value) => Role().IsMatch(value) ? null : $"'{value}' is no role: expected arn:aws:iam::ACCOUNT:role/NAME with the 12 digits of the account.";

    public static string? ExternalId(string value) => External().IsMatch(value) ? null : "An external id has 2 to 1224 letters, digits or any of _+=,.@:/- and nothing else.";

    /// <summary>A list of bucket names, as <see cref="List"/> writes it.</summary>
    public static string? Buckets(string value) => value.Split(',').Where(name => !Bucket().IsMatch(name)).ToList() is { Count: > 0 } bad
        ? $"{string.Join(", ", bad.Select(name => $"'{name}'"))} cannot be the name of a bucket: expected 3 to 63 lower-case letters, digits, dots and hyphens, without s3:// and without a path."
        : null;

    /// <summary>Lists come separated by commas, spaces or lines, and are kept with commas alone.</summary>
    public static string List(string value) =>
        string.Join(',', value.Split([',', ' ', '\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal));

    [GeneratedRegex(@"^[a-z0-9-]+\z")]
    private static partial Regex RegionName();

    // Amazon's accounts have 12 digits; S3-compatible servers name a tenant or nothing.
    [GeneratedRegex(@"^arn:aws[a-z-]*:iam::[A-Za-z0-9]{0,64}:role/[\w+=,.@/-]+\z")]
    private static partial Regex Role();

    [GeneratedRegex(@"^[\w+=,.@:/-]{2,1224}\z")]
    private static partial Regex External();

    [GeneratedRegex(@"^[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]\z")]
    private static partial Regex Bucket();

    // No control characters, spaces or brackets: nothing that could end a mail header or a command.
    [GeneratedRegex(@"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\z")]
    private static partial Regex Address();
}
