using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Platform.Couriers.Patterns;

/// <summary>A pattern resolved for a day, or for all days: what to list, and which of the listed paths belong to it.</summary>
internal sealed class PathMatcher
{
    private readonly Regex? _regex;
    private readonly SequenceName? _sequence;
    private readonly DateOnly? _date;

    internal PathMatcher(IReadOnlyList<PatternPart> parts, DateOnly? date)
    {
        _date = date;
        Prefix = string.Concat(parts.TakeWhile(part => part.Kind == PatternPartKind.Literal).Select(part => part.Text));
        IsExact = parts.All(part => part.Kind == PatternPartKind.Literal);
        IsFlat = parts.SkipWhile(part => part.Kind == PatternPartKind.Literal).All(part => !part.Text.Contains('/'));
        _regex = new(ToRegex(parts), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture);
    }

    internal PathMatcher(SequenceName sequence, DateOnly? date)
    {
        _date = date;
        _sequence = sequence;
        Prefix = sequence.Listed;
        IsFlat = true;
    }

    /// <summary>Every matching path starts with this: the one prefix to list.</summary>
    public string Prefix { get; }

    /// <summary>True when exactly one path can match.</summary>
    public bool IsExact { get; }

    /// <summary>True when no match has a <c>/</c> after the prefix, so that deeper folders need no listing.</summary>
    public bool IsFlat { get; }

    /// <summary>Whether the path belongs to the pattern; <paramref name="date"/> is the day its date parts name, null where they name none.</summary>
    public bool Matches(string path, out DateOnly? date) => Matches(path, out date, out _);

    /// <summary>The same, with the hour (0 to 23) that the path names, null where the pattern has none.</summary>
    public bool Matches(string path, out DateOnly? date, out int? hour)
    {
        date = _date;
        hour = null;
        if (path.EndsWith('/'))
        {
            // A folder marker: an empty object named like a folder is no file.
            return false;
        }

        if (_sequence is not null)
        {
            var belongs = _sequence.TryRead(path, out var time) && (_date is null || _date == DateOnly.FromDateTime(time));
            date = belongs ? DateOnly.FromDateTime(time) : null;
            hour = belongs ? time.Hour : null;
            return belongs;
        }

        var match = _regex!.Match(path);
        return match.Success && TryReadPart(match, 'h', out hour) && (_date is not null || TryReadDate(match, out date));
    }

    /// <summary>When a file of a sequence was made; null for other patterns.</summary>
    public DateTime? TimeOf(string path) => _sequence is not null && _sequence.TryRead(path, out var time) ? time : null;

    private static bool TryReadDate(Match match, out DateOnly? date)
    {
        date = null;
        if (!TryReadPart(match, 'y', out var year) || !TryReadPart(match, 'm', out var month) || !TryReadPart(match, 'd', out var day))
        {
            return false;
        }

        if (year is null || (month is null && day is not null))
        {
            return true;
        }

        if (year is 0 || month is 0 or > 12 || day is 0 || day > DateTime.DaysInMonth(year.Value, month ?? 1))
        {
            return false;
        }

        date = new DateOnly(year.Value, month ?? 1, day ?? 1);
        return true;
    }

    // A part that stands twice, as in yyyy/MM/'users-'yyyyMM, must say the same twice.
    private static bool TryReadPart(Match match, char name, out int? value)
    {
        value = null;
        foreach (Group group in match.Groups)
        {
            if (group.Name[0] != name)
            {
                continue;
            }

            var read = int.Parse(group.ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
            if (value is not null && value != read)
            {
                return false;
            }

            value = read;
        }

        return true;
    }

    private static string ToRegex(IReadOnlyList<PatternPart> parts)
    {
        var regex = new StringBuilder("^");
        for (var i = 0; i < parts.Count; i++)
        {
            _ = parts[i].Kind switch
            {
                PatternPartKind.Literal => regex.Append(Regex.Escape(parts[i].Text)),
                PatternPartKind.Wildcard => regex.Append("[^/]*"),
                PatternPartKind.Year => regex.Append(CultureInfo.InvariantCulture, $"(?<y{i}>[0-9]{{4}})"),
                PatternPartKind.Month => regex.Append(CultureInfo.InvariantCulture, $"(?<m{i}>0[1-9]|1[0-2])"),
                PatternPartKind.Day => regex.Append(CultureInfo.InvariantCulture, $"(?<d{i}>0[1-9]|[12][0-9]|3[01])"),
                PatternPartKind.Hour => regex.Append(CultureInfo.InvariantCulture, $"(?<h{i}>[01][0-9]|2[0-3])"),
                _ => throw new InvalidOperationException($"Unknown part {parts[i].Kind}."),
            };
        }

        return regex.Append(@"\z").ToString();
    }
}
