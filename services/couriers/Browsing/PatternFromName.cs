using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Couriers.Patterns;

namespace Platform.Couriers.Browsing;

/// <summary>A pattern for files like the one that was chosen.</summary>
/// <param name="Pattern">As an entity's <c>object/file-pattern</c>.</param>
/// <param name="Date">The day that was found in the name; null when there is none.</param>
internal sealed record DerivedPattern(string Pattern, DateOnly? Date);

/// <summary>Derives file patterns from a chosen name (R11): a date becomes date parts, and what looks made up for one file (long numbers, ids) becomes <c>*</c>.</summary>
internal static partial class PatternFromName
{
    /// <summary>The likeliest pattern first. Each matches <paramref name="path"/>.</summary>
    public static IReadOnlyList<DerivedPattern> Derive(string path)
    {
        var found = new List<DerivedPattern>();
        if (FindDate(path) is { } dated)
        {
            Add(found, path, Compose(path, dated, open: true), dated.Date);
            Add(found, path, Compose(path, dated, open: false), dated.Date);
        }

        Add(found, path, Compose(path, null, open: true), null);
        Add(found, path, Compose(path, null, open: false), null);
        return found;
    }

    private static void Add(List<DerivedPattern> found, string path, string text, DateOnly? date)
    {
        if (found.All(one => one.Pattern != text) && FilePattern.TryParse(text, out _) is { } pattern && (date is { } day ? pattern.ForDay(day) : pattern.ForAll()).Matches(path, out _, out _))
        {
            found.Add(new(text, date));
        }
    }

    private static string Compose(string path, Dated? dated, bool open)
    {
        var text = new StringBuilder();
        if (dated is null)
        {
            return text.Append(Literal(path, open)).ToString();
        }

        return text.Append(Literal(path[..dated.Start], open)).Append(dated.Pattern).Append(Literal(path[dated.End..], open)).ToString();
    }

    private static string Literal(string text, bool open)
    {
        if (open)
        {
            // Folders say what a file is; what changes from file to file stands in its name.
            var name = text.LastIndexOf('/') + 1;
            text = text[..name].Replace("'", "''", StringComparison.Ordinal) + Passing().Replace(text[name..], "*").Replace("'", "''", StringComparison.Ordinal);
        }
        else
        {
            text = text.Replace("'", "''", StringComparison.Ordinal);
        }

        return text.Length == 0 ? "" : $"'{text}'";
    }

    // The last date counts: folders above it may carry the day of a delivery.
    private static Dated? FindDate(string path)
    {
        foreach (var match in Date().Matches(path).Reverse())
        {
            var separator = match.Groups["s"].Value;
            if (DateOnly.TryParseExact($"{match.Groups["y"].Value}{match.Groups["m"].Value}{match.Groups["d"].Value}", "yyyyMMdd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var date))
            {
                var quoted = separator.Length == 0 || !char.IsLetter(separator[0]) ? separator : $"'{separator}'";
                return new(match.Index, match.Index + match.Length, $"yyyy{quoted}MM{quoted}dd", date);
            }
        }

        return null;
    }

    private sealed record Dated(int Start, int End, string Pattern, DateOnly Date);

    [GeneratedRegex(@"(?<![0-9])(?<y>(?:19|20)[0-9]{2})(?<s>[-_./]?)(?<m>0[1-9]|1[0-2])\k<s>(?<d>0[1-9]|[12][0-9]|3[01])(?![0-9]{1,5}(?![0-9])|[0-9]{7,})")]
    private static partial Regex Date();

    [GeneratedRegex("[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|[0-9]{4,}|(?=[a-fA-F]*[0-9])[0-9a-fA-F]{12,}")]
    private static partial Regex Passing();
}
