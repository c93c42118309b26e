namespace Platform.Couriers.Patterns;

/// <summary>A pattern resolved for a day, or for all days: what to list, and which of the listed paths belong to it.</summary>
internal sealed class PathMatcher
{
    private readonly IReadOnlyList<PatternPart> _parts;
    private readonly SequenceName? _sequence;
    private readonly DateOnly? _date;

    internal PathMatcher(IReadOnlyList<PatternPart> parts, DateOnly? date)
    {
        _date = date;
        Prefix = string.Concat(parts.TakeWhile(part => part.Kind == PatternPartKind.Literal).Select(part => part.Text));
        IsExact = parts.All(part => part.Kind == PatternPartKind.Literal);
        IsFlat = parts.SkipWhile(part => part.Kind == PatternPartKind.Literal).All(part => !part.Text.Contains('/'));
        _parts = parts;
    }

    internal PathMatcher(SequenceName sequence, DateOnly? date)
    {
        _date = date;
        _parts = [];
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

        var found = new PartsOfPath(_parts, path);
        return found.Match() && found.TryRead(PatternPartKind.Hour, out hour) && (_date is not null || TryReadDate(found, out date));
    }

    /// <summary>When a file of a sequence was made; null for other patterns.</summary>
    public DateTime? TimeOf(string path) => _sequence is not null && _sequence.TryRead(path, out var time) ? time : null;

    private static bool TryReadDate(PartsOfPath found, out DateOnly? date)
    {
        date = null;
        if (!found.TryRead(PatternPartKind.Year, out var year) || !found.TryRead(PatternPartKind.Month, out var month) || !found.TryRead(PatternPartKind.Day, out var day))
        {
            return false;
        }

        if (year is null || (month is null && day is not null))
        {
            return true;
        }

        if (year is 0 || day > DateTime.DaysInMonth(year.Value, month ?? 1))
        {
            return false;
        }

        date = new DateOnly(year.Value, month ?? 1, day ?? 1);
        return true;
    }
}
