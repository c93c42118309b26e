namespace Platform.Files.Engine;

/// <summary>
/// What an entities list says about how a file is written (mission R3). Whatever is <see langword="null"/> is found out from the beginning of the file. The same record
/// travels from the entity through the landed file to the load, as JSON.
/// </summary>
public sealed record FileSettings
{
    /// <summary>Nothing is said; everything is found out.</summary>
    public static FileSettings Inferred { get; } = new();

    /// <summary>How the text of a CSV, TSV or PSV file is laid out.</summary>
    public CsvSettings? Csv { get; init; }

    /// <summary>Which elements of an XML file are its rows.</summary>
    public XmlSettings? Xml { get; init; }

    /// <summary><c>file/compression</c>: the name of an encoding that must lie around the file; by default its magic bytes tell.</summary>
    public string? Compression { get; init; }

    /// <summary><c>object/pgp-credential</c>: the credential (<c>cred-…</c>) with the key or passphrase the file is encrypted for.</summary>
    public string? PgpCredentialId { get; init; }

    /// <summary>Which member of an archive is the file; <see langword="null"/> when the file is no archive, or one with a single member.</summary>
    public ArchiveMember? Member { get; init; }

    /// <summary>Everything that is wrong, by the key of the entities list that says it; empty when all is well.</summary>
    public IEnumerable<SettingProblem> Problems() => [.. Csv?.Problems() ?? [], .. Xml?.Problems() ?? []];
}

/// <summary>A member of an archive (<c>archive/contents</c>).</summary>
/// <param name="Name">Its path in the archive, dates filled in; <c>*</c> stands for any characters of one path segment. Several members that fit are read in the order of their names.</param>
/// <param name="SkipMissing"><c>archive/skip-missing-contents</c>: an archive without it has no rows, instead of being a bad file.</param>
public sealed record ArchiveMember(string Name, bool SkipMissing);

/// <summary>How the text of a CSV file is laid out; <see langword="null"/> means inferred.</summary>
public sealed record CsvSettings
{
    /// <summary>The most lines that may stand before the data.</summary>
    public const int MaxHeaderRows = 100;

    /// <summary><c>file/separator</c>: one ASCII character, or <c>t</c>, <c>tab</c> or <c>\t</c> for a tab.</summary>
    public string? Separator { get; init; }

    /// <summary><c>file/quote</c>: one ASCII character; empty when the file quotes nothing.</summary>
    public string? Quote { get; init; }

    /// <summary><c>file/escape</c>: the character that stands before a quote inside quotes; the quote itself (doubled quotes) by default.</summary>
    public string? Escape { get; init; }

    /// <summary><c>file/header-rows</c>: lines before the data, 0 to <see cref="MaxHeaderRows"/>; the last of them names the columns. With 0 they are <c>column1</c>, <c>column2</c> …</summary>
    public int? HeaderRows { get; init; }

    /// <summary><c>file/encoding</c>: <c>utf-8</c>, <c>utf-16</c> (by its byte order mark), <c>utf-16le</c>, <c>utf-16be</c>, <c>iso-8859-1</c> or <c>windows-1252</c>; UTF-8 unless a byte order mark says otherwise.</summary>
    public string? Encoding { get; init; }

    /// <summary><c>file/columns</c>: the columns' names, instead of those in the file.</summary>
    public IReadOnlyList<string>? Columns { get; init; }

    /// <summary>
    /// <c>file/column-names</c>: for each column all names that a header row may give it, in the order that files without a header row have. A first row in which one of the names stands is a header;
    /// its columns are then called by the first of their names, and those it names otherwise keep their own. Columns behind the last one of a file without header row are <c>columnN</c>.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<string>>? ColumnNames { get; init; }

    internal byte? SeparatorByte => Separator switch
    {
        null => null,
        "t" or "tab" or "\\t" or "\t" => (byte)'\t',
        _ => (byte)Separator[0],
    };

    /// <summary>Everything that is wrong, by the key that says it.</summary>
    public IEnumerable<SettingProblem> Problems()
    {
        if (Separator is not (null or "tab" or "\\t") && !IsCharacter(Separator))
        {
            yield return new("file/separator", $"is '{Separator}'; expected one ASCII character that is no line end, or 't' for a tab.");
        }

        if (Quote is not (null or "") && !IsCharacter(Quote))
        {
            yield return new("file/quote", $"is '{Quote}'; expected one ASCII character, or an empty text when nothing is quoted.");
        }

        if (Escape is not null && !IsCharacter(Escape))
        {
            yield return new("file/escape", $"is '{Escape}'; expected one ASCII character.");
        }

        if (Quote is { Length: 1 } && SeparatorByte == Quote[0])
        {
            yield return new("file/quote", "is the separator as well; expected two different characters.");
        }

        if (Escape is { Length: 1 } && SeparatorByte == Escape[0])
        {
            yield return new("file/escape", "is the separator as well; expected two different characters.");
        }

        if (HeaderRows is < 0 or > MaxHeaderRows)
        {
            yield return new("file/header-rows", $"is {HeaderRows}; expected 0 to {MaxHeaderRows}.");
        }

        if (Encoding is not null && !Encodings.Contains(Encoding, StringComparer.OrdinalIgnoreCase))
        {
            yield return new("file/encoding", $"is '{Encoding}'; expected one of {string.Join(", ", Encodings)}.");
        }

        if (Columns is not null && (Columns.Count == 0 || Columns.Any(string.IsNullOrWhiteSpace) || Columns.Distinct(StringComparer.OrdinalIgnoreCase).Count() < Columns.Count))
        {
            yield return new("file/columns", "holds an empty name or the same name twice; expected one name for each column of the file.");
        }

        if (ColumnNames is null)
        {
            yield break;
        }

        if (ColumnNames.Count == 0 || ColumnNames.Any(names => names.Count == 0 || names.Any(string.IsNullOrWhiteSpace))
            || ColumnNames.Select(names => names[0]).Distinct(StringComparer.OrdinalIgnoreCase).Count() < ColumnNames.Count)
        {
            yield return new("file/column-names", "holds a column without a name, an empty name, or two columns of one first name; expected an array of arrays, such as [[\"id\", \"mailingId\"], [\"started\"]].");
        }

        if (Columns is not null || HeaderRows is not null)
        {
            yield return new("file/column-names", "finds out whether there is a header row; leave out file/columns and file/header-rows.");
        }
    }

    private static IReadOnlyList<string> Encodings { get; } = ["utf-8", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "windows-1252"];

    private static bool IsCharacter(string text) => text is [not ('\r' or '\n' or '\0') and < '\u0080'];
}

/// <summary>Which elements of an XML file are its rows; <see langword="null"/> means inferred.</summary>
public sealed record XmlSettings
{
    /// <summary><c>file/row-element</c>: the name of the elements that are rows; by default that of the first child of the root.</summary>
    public string? RowElement { get; init; }

    /// <summary>Everything that is wrong, by the key that says it.</summary>
    public IEnumerable<SettingProblem> Problems()
    {
        if (RowElement is not null && (RowElement.Length is 0 or > 200 || RowElement.Any(char.IsWhiteSpace)))
        {
            yield return new("file/row-element", "is no name of an element; expected for example 'customer'.");
        }
    }
}

/// <summary>A setting that cannot be used.</summary>
/// <param name="Key">As the entities list writes it, for example <c>file/separator</c>.</param>
/// <param name="Problem">What was found and what was expected, to be put behind the key.</param>
public sealed record SettingProblem(string Key, string Problem);
