using System.Text;
using Platform.Files.Formats.Records;

namespace Platform.Files.Engine.Child;

/// <summary>Which type the values of a sample have in common: the narrowest whose grammar takes them all and loses nothing of any.</summary>
internal sealed class TypeGuess(bool tellsNumbers, bool nulls)
{
    /// <summary>What text formats call the type of every column.</summary>
    public const string TextType = "text";

    private const int ScaleOfMoney = 2;

    // Patterns that need no guess between day and month come first; of the others both are tried, and a sample that both fit keeps its texts.
    private static readonly DatetimePattern[] Patterns = [.. new[]
    {
        "yyyy/MM/dd", "yyyy/MM/dd HH:mm", "yyyy/MM/dd HH:mm:ss", "dd.MM.yyyy", "dd.MM.yyyy HH:mm", "dd.MM.yyyy HH:mm:ss", "d-MMM-yyyy", "d MMM yyyy", "d MMM yyyy HH:mm:ss",
        "dd/MMM/yyyy:HH:mm:ss Z", "EEE, d MMM yyyy HH:mm:ss Z", "EEE, d MMM yyyy HH:mm:ss z", "EEE MMM d HH:mm:ss z yyyy", "yyyy-MM-dd HH:mm:ss z", "MMM d, yyyy",
        "MM/dd/yyyy", "dd/MM/yyyy", "MM/dd/yyyy HH:mm", "dd/MM/yyyy HH:mm", "MM/dd/yyyy HH:mm:ss", "dd/MM/yyyy HH:mm:ss", "M/d/yyyy", "d/M/yyyy", "M/d/yyyy h:mm a", "M/d/yyyy h:mm:ss a",
    }.Select(Parse)];

    // With a hash of what each has made of the values.
    private readonly List<(DatetimePattern Pattern, int Hash)> _patterns = [.. Patterns.Select(pattern => (pattern, 0))];
    private long _values;
    private bool _nulls = nulls;
    private bool _boolean = true;
    private bool _integer = true;
    private bool _decimal = true;
    private bool _float = true;
    private bool _date = true;
    private bool _moment = true;
    private bool _json = true;
    private bool _nested;
    private int _scale;
    private int _whole;

    /// <summary>Whether a text alone looks like data: a number, a date, a truth value in words.</summary>
    public static bool IsValue(string text)
    {
        var bytes = Grammar.Trim(Encoding.UTF8.GetBytes(text));
        return Grammar.TryFloat(bytes, false, out _) || Grammar.TryMoment(bytes, out _)
            || text.Trim().ToLowerInvariant() is "true" or "false"
            || Array.Exists(Patterns, pattern => pattern.TryRead(Grammar.Trim(Encoding.UTF8.GetBytes(text)), out _));
    }

    public void Add(Cell cell)
    {
        if (cell.Kind == CellKind.Null || (cell.Kind == CellKind.Text && cell.Text.Length == 0))
        {
            _nulls = true;
            return;
        }

        _values++;
        var text = Grammar.Trim(cell.Text);
        var words = cell.Kind is CellKind.Text or CellKind.String;
        var untold = words && !tellsNumbers;
        _boolean &= cell.Kind is CellKind.Boolean || (untold && IsTruth(text));
        _nested |= cell.Kind is CellKind.Nested;

        // Texts of a format that has numbers are no numbers, but dates are always texts.
        var number = (untold || cell.Kind is CellKind.Number) && IsPlainNumber(text);
        _integer &= number && Grammar.TryInteger(text, out _);
        _decimal &= number && IsDecimal(text, cell.Kind == CellKind.Number);
        _float &= number && Grammar.TryFloat(text, cell.Kind == CellKind.Number, out _);
        _date &= words && Grammar.TryDate(text, out _);
        _moment &= words && Grammar.TryMoment(text, out _);
        _json &= cell.Kind is CellKind.Nested || (cell.Kind is CellKind.Text && text.Length > 1 && text[0] is (byte)'{' or (byte)'[' && JsonbText.Problem(text, check: true) is null);
        for (var i = _patterns.Count - 1; i >= 0; i--)
        {
            if (words && _patterns[i].Pattern.TryRead(text, out var moment))
            {
                _patterns[i] = (_patterns[i].Pattern, HashCode.Combine(_patterns[i].Hash, moment));
            }
            else
            {
                _patterns.RemoveAt(i);
            }
        }
    }

    /// <summary>The type, and whether a null was among the values.</summary>
    /// <param name="name">The column's name.</param>
    /// <param name="whole">The sample is the whole file: that it has no null means that there is none.</param>
    public InferredField Field(string name, bool whole)
    {
        var (type, pattern) = Type();

        // Later prices may have cents where the first ones have none.
        var (precision, scale) = type == FieldType.Decimal ? (LoadField.MaxPrecision, Math.Max(_scale, ScaleOfMoney)) : (default(int?), default(int?));
        return new InferredField(name, type, precision, scale, _nulls || !whole, TextType) { Pattern = pattern };
    }

    private static DatetimePattern Parse(string text) =>
        DatetimePattern.TryParse(text, out var pattern, out var problem) ? pattern : throw new ArgumentException(problem, nameof(text));

    private static bool IsTruth(ReadOnlySpan<byte> text) => Ascii.EqualsIgnoreCase(text, "true") || Ascii.EqualsIgnoreCase(text, "false");

    /// <summary>A leading zero or plus sign belongs to a code or a telephone number: as a number it would be lost.</summary>
    private static bool IsPlainNumber(ReadOnlySpan<byte> text)
    {
        var digits = text.Length > 0 && text[0] == '-' ? text[1..] : text;
        return digits.Length > 0 && digits[0] != '+' && (digits.Length == 1 || digits[0] != '0' || digits[1] is (byte)'.' or (byte)'e' or (byte)'E');
    }

    private (FieldType Type, string? Pattern) Type() => this switch
    {
        { _values: 0 } => (FieldType.String, null),
        { _boolean: true } => (FieldType.Boolean, null),
        { _integer: true } => (FieldType.Integer, null),
        { _decimal: true } => (FieldType.Decimal, null),
        { _float: true } => (FieldType.Float, null),
        { _date: true } => (FieldType.Date, null),
        { _moment: true } => (FieldType.Datetime, null),
        { _json: true } or { _nested: true } => (FieldType.Json, null),

        // Two that fit, such as 01/02/2020 by day or by month, are a choice for people.
        { _patterns: [var first, ..] } when _patterns.TrueForAll(other => other.Hash == first.Hash) => (first.Pattern.HasTime ? FieldType.Datetime : FieldType.Date, first.Pattern.Text),
        _ => (FieldType.String, null),
    };

    private bool IsDecimal(ReadOnlySpan<byte> text, bool exponent)
    {
        if (!DecimalParts.TryRead(text, exponent, out var parts))
        {
            return false;
        }

        _scale = Math.Max(_scale, -parts.Exponent);
        _whole = Math.Max(_whole, parts.Count + parts.Exponent);
        return _scale + _whole <= LoadField.MaxPrecision && _scale < LoadField.MaxPrecision;
    }
}
