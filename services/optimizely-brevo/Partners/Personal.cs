using System.Text.RegularExpressions;

namespace Platform.OptimizelyBrevo.Partners;

/// <summary>Personal data in texts that leave the database: logs, spans, messages of a run.</summary>
internal static partial class Personal
{
    /// <summary><c>jane.doe@example.com</c> becomes <c>j***@e***.com</c>, wherever it stands in a text.</summary>
    public static string Mask(string text) => Address().Replace(text, match => $"{match.Groups["user"].Value[0]}***@{match.Groups["host"].Value[0]}***{match.Groups["top"].Value}");

    /// <summary>An id of a person: the first character and how long it is.</summary>
    public static string MaskId(string id) => id.Contains('@', StringComparison.Ordinal) ? Mask(id) : id.Length == 0 ? "" : $"{id[0]}***({id.Length})";

    /// <summary>
    /// The address in the form it is stored and compared in, or null when it is none that Brevo could take: one @, a dotted host, no spaces, at most 254 characters (RFC 5321 §4.5.3.1).
    /// </summary>
    public static string? Email(string? text) =>
        text?.Trim() is { Length: >= 6 and <= 254 } trimmed && WholeAddress().IsMatch(trimmed) ? trimmed.ToLowerInvariant() : null;

    [GeneratedRegex(@"(?<user>[\p{L}\p{N}._%+'-]+)@(?<host>[\p{L}\p{N}-]+(?:\.[\p{L}\p{N}-]+)*)(?<top>\.[\p{L}]{2,})")]
    private static partial Regex Address();

    [GeneratedRegex(@"^[^\s@<>()\[\],;:""\\]{1,64}@[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?(?:\.[\p{L}\p{N}](?:[\p{L}\p{N}-]*[\p{L}\p{N}])?)*\.[\p{L}]{2,63}$", RegexOptions.NonBacktracking)]
    private static partial Regex WholeAddress();
}
