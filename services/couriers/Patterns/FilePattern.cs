using System.Globalization;
using System.Text;

namespace Platform.Couriers.Patterns;

/// <summary>
/// A file pattern of the entities list (R4): date parts of Joda (<c>yyyy</c> or <c>YYYY</c>, both the calendar year, <c>MM</c>, <c>dd</c>, <c>HH</c>), <c>'literal text'</c>, <c>''</c> for a quote,
/// unquoted characters that are no letters, and <c>*</c> for any characters of one path segment, inside quotes as well as outside. Example: <c>'path/to/users'-YYYY-MM-dd'.avro'</c>.
/// </summary>
internal sealed class FilePattern
{
    private readonly IReadOnlyList<PatternPart> _parts;
    private readonly SequenceName? _sequence;

    private FilePattern(string text, IReadOnlyList<PatternPart> parts, SequenceName? sequence = null)
    {
        Text = text;
        _parts = parts;
        _sequence = sequence;
    }

    /// <summary>As it was written.</summary>
    public string Text { get; }

    /// <summary>True when the pattern tells days apart.</summary>
    public bool IsDated => IsSequence || _parts.Any(part => part.Kind is PatternPartKind.Year or PatternPartKind.Month or PatternPartKind.Day or PatternPartKind.Hour);

    /// <summary>A prefix with the timestamp behind it (<c>object/file-prefix</c>): its files have an order of their own.</summary>
    public bool IsSequence => _sequence is not null;

    /// <summary>Every path that the pattern can match starts with this.</summary>
    public string LiteralPrefix => _sequence?.Listed ?? string.Concat(_parts.TakeWhile(part => part.Kind == PatternPartKind.Literal).Select(part => part.Text));

    public static FilePattern Parse(string text) => TryParse(text, out var problem) ?? throw new FormatException(problem);

    /// <summary>The pattern, or null with what is wrong, where (counted from 1) and the remedy.</summary>
    public static FilePattern? TryParse(string text, out string? problem)
    {
        if (text.Length == 0)
        {
            problem = "The pattern is empty. Example: 'path/to/users'-yyyy-MM-dd'.avro'.";
            return null;
        }

        var parts = new List<PatternPart>();
        problem = new PatternReader(text).Read(parts);
        return problem is null ? new(text, parts) : null;
    }

    /// <summary>The files of a sequence (see <see cref="SequenceName"/>), or null with what is wrong and the remedy.</summary>
    public static FilePattern? TryParseSequence(string prefix, string? ending, out string? problem) =>
        SequenceName.TryParse(prefix, ending, out problem) is { } sequence ? new($"{prefix}<timestamp>{ending}", [], sequence) : null;

    /// <summary>What the pattern matches on one day: its date parts become digits. Hours stay open.</summary>
    public PathMatcher ForDay(DateOnly day) => _sequence is not null ? new(_sequence, day) : new([.. OfDay(day)], DateIn(day));

    /// <summary>What the pattern matches on any day; the day is then taken from the path.</summary>
    public PathMatcher ForAll() => _sequence is not null ? new(_sequence, null) : new(_parts, null);

    /// <summary>The pattern with a day filled in, for people: hours and wildcards stay open.</summary>
    public string On(DateOnly day) => _sequence is not null ? Text.Replace("<timestamp>", string.Create(CultureInfo.InvariantCulture, $"<timestamp of {day:yyyy-MM-dd}>"), StringComparison.Ordinal) : string.Concat(OfDay(day).Select(part => part.Text));

    /// <summary>The pattern as a name with <c>*</c> for what is open: wildcards, hours and, without a day, its date parts.</summary>
    public string Glob(DateOnly? day) => _sequence is not null ? _sequence.Listed + "*"
        : string.Concat((day is { } date ? OfDay(date) : _parts).Select(part => part.Kind == PatternPartKind.Literal ? part.Text : "*")).Replace("**", "*", StringComparison.Ordinal);

    public override string ToString() => Text;

    private IEnumerable<PatternPart> OfDay(DateOnly day) => _parts.Select(part => part.Kind switch
    {
        PatternPartKind.Year => PatternPart.Literal(day.Year.ToString("0000", CultureInfo.InvariantCulture)),
        PatternPartKind.Month => PatternPart.Literal(day.Month.ToString("00", CultureInfo.InvariantCulture)),
        PatternPartKind.Day => PatternPart.Literal(day.Day.ToString("00", CultureInfo.InvariantCulture)),
        _ => part,
    });

    // A pattern with a month and no day means the month: its files carry the first of it.
    private DateOnly? DateIn(DateOnly day)
    {
        var year = _parts.Any(part => part.Kind == PatternPartKind.Year);
        var month = _parts.Any(part => part.Kind == PatternPartKind.Month);
        var date = _parts.Any(part => part.Kind == PatternPartKind.Day);
        return (year, month, date) switch
        {
            (true, true, true) => day,
            (true, true, false) => new DateOnly(day.Year, day.Month, 1),
            (true, false, false) => new DateOnly(day.Year, 1, 1),
            _ => null,
        };
    }
}

internal enum PatternPartKind
{
    Literal,
    Wildcard,
    Year,
    Month,
    Day,
    Hour,
}

internal readonly record struct PatternPart(PatternPartKind Kind, string Text)
{
    public static PatternPart Literal(string text) => new(PatternPartKind.Literal, text);
}

/// <summary>Reads the text of a pattern from left to right.</summary>
internal sealed class PatternReader(string text)
{
    private readonly StringBuilder _literal = new();
    private int _at;

    /// <summary>Fills <paramref name="parts"/>; returns what is wrong, or null.</summary>
    public string? Read(List<PatternPart> parts)
    {
        var quotedFrom = -1;
        while (_at < text.Length)
        {
            var c = text[_at];
            if (c == '\'')
            {
                if (_at + 1 < text.Length && text[_at + 1] == '\'')
                {
                    _literal.Append('\'');
                    _at += 2;
                    continue;
                }

                quotedFrom = quotedFrom < 0 ? _at : -1;
                _at++;
            }
            else if (char.IsControl(c))
            {
                return $"There is a control character at position {_at + 1}.";
            }
            else if (c == '*')
            {
                EndLiteral(parts);
                if (parts.Count == 0 || parts[^1].Kind != PatternPartKind.Wildcard)
                {
                    parts.Add(new(PatternPartKind.Wildcard, "*"));
                }

                _at++;
            }
            else if (quotedFrom < 0 && char.IsLetter(c))
            {
                if (ReadDatePart(parts) is { } problem)
                {
                    return problem;
                }
            }
            else
            {
                _literal.Append(c);
                _at++;
            }
        }

        if (quotedFrom >= 0)
        {
            return $"The quote at position {quotedFrom + 1} is not closed. Write '' for a quote that is part of the name.";
        }

        EndLiteral(parts);
        return null;
    }

    private string? ReadDatePart(List<PatternPart> parts)
    {
        var start = _at;
        while (_at < text.Length && text[_at] == text[start])
        {
            _at++;
        }

        var letters = text[start.._at];
        PatternPartKind? kind = letters switch
        {
            "yyyy" or "YYYY" => PatternPartKind.Year,
            "MM" => PatternPartKind.Month,
            "dd" => PatternPartKind.Day,
            "HH" => PatternPartKind.Hour,
            _ => null,
        };
        if (kind is null)
        {
            var hint = letters[0] switch
            {
                'D' => " The day of the month is dd.",
                'd' => " The day of the month is dd.",
                'y' or 'Y' => " The year is yyyy.",
                'M' => " The month is MM.",
                'm' => " The month is MM; minutes are not supported.",
                'h' or 'H' => " The hour is HH, from 00 to 23.",
                _ => " Only yyyy, MM, dd and HH stand outside quotes; write other letters in quotes, for example 'users'.",
            };
            return $"'{letters}' at position {start + 1} is no date part.{hint}";
        }

        EndLiteral(parts);
        parts.Add(new(kind.Value, letters));
        return null;
    }

    private void EndLiteral(List<PatternPart> parts)
    {
        if (_literal.Length == 0)
        {
            return;
        }

        parts.Add(PatternPart.Literal(_literal.ToString()));
        _literal.Clear();
    }
}
