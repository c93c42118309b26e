using System.Text.RegularExpressions;

namespace Platform.Couriers.Patterns;

/// <summary>
/// Names of the files of a sequence (R4, R13): a folder, a prefix that may be a regular expression and must match the file name up to its timestamp, the timestamp, an ending. What may stand between prefix and timestamp is
/// one of <c>_ - .</c>. Files may be packed: <c>.gz</c> and the like may follow the ending.
/// </summary>
internal sealed partial class SequenceName
{
    private const int MaxPrefixLength = 500;

    // An expression without backtracking grows with them, those inside each other multiplied.
    private const long MostRepetitions = 1000;
    private const string Special = @"\^$.|?*+()[]{}#";

    private static readonly string[] Packings = [".gz", ".gzip", ".zst", ".bz2", ".zip", ".pgp", ".gpg", ".asc"];

    private readonly string _folder;
    private readonly string? _ending;
    private readonly Regex _prefix;

    private SequenceName(string folder, string prefix, string? ending, Regex regex)
    {
        (_folder, _ending, _prefix) = (folder, ending, regex);
        Listed = folder + Literal(prefix);
    }

    /// <summary>Every path of the sequence starts with this.</summary>
    public string Listed { get; }

    /// <summary>The sequence, or null with what is wrong and the remedy. <paramref name="text"/> is a folder and the expression, for example <c>exports/users_</c>; an ending is for example <c>.json</c>.</summary>
    public static SequenceName? TryParse(string text, string? ending, out string? problem)
    {
        var name = text.LastIndexOf('/') + 1;
        var prefix = text[name..];
        problem = text.Length > MaxPrefixLength ? $"has {text.Length} characters; at most {MaxPrefixLength} are possible."
            : text.StartsWith('/') ? "starts with '/'; keys in a bucket do not."
            : text.Any(char.IsControl) ? "has a control character."
            : ending is not null && (!ending.StartsWith('.') || ending.Contains('/') || ending.Any(char.IsControl)) ? $"is followed by the ending '{ending}'; expected one like .json."
            : Repetitions(prefix) > MostRepetitions ? $"repeats parts up to {Repetitions(prefix)} times; at most {MostRepetitions} are possible."
            : prefix.Contains("(?<", StringComparison.Ordinal) || prefix.Contains("(?'", StringComparison.Ordinal) ? "has a named group or looks behind itself; expected a plain regular expression."
            : null;
        if (problem is not null)
        {
            return null;
        }

        try
        {
            // Without backtracking: whatever is written here, a name is judged in linear time.
            return new(text[..name], prefix, ending, new($@"\A(?:{prefix})\z", RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            problem = e is NotSupportedException
                ? "looks ahead, looks behind or refers back, which is not supported; expected a plain regular expression."
                : $"is no regular expression: {e.Message} Write a \\ before characters that mean themselves, such as \\. or \\(.";
            return null;
        }
    }

    /// <summary>The literal part of a name that a prefix is usually made of, up to its timestamp, and its ending; null when there is no timestamp in it.</summary>
    public static (string Prefix, string Ending)? Derive(string fileName)
    {
        var found = FileTimestamp.In(fileName).LastOrDefault();
        return found.End == 0 ? null : (Regex.Escape(fileName[..found.Start]), fileName[found.End..]);
    }

    /// <summary>Whether the path belongs to the sequence, and when its file was made.</summary>
    public bool TryRead(string path, out DateTime time)
    {
        time = default;
        if (!path.StartsWith(Listed, StringComparison.Ordinal) || path.IndexOf('/', _folder.Length) >= 0)
        {
            return false;
        }

        var name = path[_folder.Length..];
        foreach (var found in FileTimestamp.In(name))
        {
            if (EndsWell(name.AsSpan(found.End)) && IsPrefix(name, found.Start))
            {
                time = found.Time;
                return true;
            }
        }

        return false;
    }

    private static long Repetitions(string prefix) =>
        Counted().Matches(prefix).Select(match => match.Value.Trim('{', '}').Split(',', StringSplitOptions.RemoveEmptyEntries).Max(Number)).Aggregate(1L, (all, one) => Math.Min(all * Math.Max(one, 1), int.MaxValue));

    private static long Number(string digits) => int.TryParse(digits, System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : int.MaxValue;

    [GeneratedRegex(@"\{[0-9]+(?:,[0-9]*)?\}")]
    private static partial Regex Counted();

    private bool IsPrefix(string name, int end) => _prefix.IsMatch(name.AsSpan(0, end)) || (end > 0 && name[end - 1] is '_' or '-' or '.' && _prefix.IsMatch(name.AsSpan(0, end - 1)));

    private bool EndsWell(ReadOnlySpan<char> rest)
    {
        if (_ending is null)
        {
            return rest.Length == 0 || rest[0] == '.';
        }

        if (!rest.StartsWith(_ending, StringComparison.OrdinalIgnoreCase))
        {
            return false;
        }

        rest = rest[_ending.Length..];
        while (rest.Length > 0)
        {
            var packed = PackingLength(rest);
            if (packed == 0)
            {
                return false;
            }

            rest = rest[packed..];
        }

        return true;
    }

    private static int PackingLength(ReadOnlySpan<char> rest)
    {
        foreach (var packing in Packings)
        {
            if (rest.StartsWith(packing, StringComparison.OrdinalIgnoreCase))
            {
                return packing.Length;
            }
        }

        return 0;
    }

    // The part that can be listed for: up to the first character that means more than itself. One that is followed by a quantifier may be absent.
    private static string Literal(string prefix)
    {
        if (prefix.Contains('|'))
        {
            return "";
        }

        var literal = new System.Text.StringBuilder();
        var at = 0;
        while (at < prefix.Length)
        {
            var escaped = prefix[at] == '\\' && at + 1 < prefix.Length && (Special.Contains(prefix[at + 1]) || prefix[at + 1] is '-' or ' ' or '/');
            if (!escaped && Special.Contains(prefix[at]))
            {
                break;
            }

            var next = at + (escaped ? 2 : 1);
            if (next < prefix.Length && prefix[next] is '?' or '*' or '+' or '{')
            {
                break;
            }

            literal.Append(prefix[next - 1]);
            at = next;
        }

        return literal.ToString();
    }
}
