namespace Platform.Files.Formats.Csv;

/// <summary>Columns that are known by name before a file is opened (<c>file/column-names</c>): a header row may stand or be left out, and may call a column by any of its names.</summary>
internal sealed class KnownColumns(IReadOnlyList<IReadOnlyList<string>> names)
{
    /// <summary>True when one of the names stands in the row: a row of data has numbers, dates and addresses there.</summary>
    public bool IsHeader(IEnumerable<string> cells) => cells.Any(cell => Find(cell.Trim()) >= 0);

    /// <summary>The header with each column called by its first name. Where two of its columns claim one, the first gets it and the other keeps its own name.</summary>
    public List<string> Canonical(IReadOnlyList<string> header)
    {
        var given = new HashSet<int>();

        // A column's own name goes before the second name of another: with "id" and "mailingId" in one header, each means itself.
        foreach (var cell in header)
        {
            given.Add(Own(cell.Trim()));
        }

        return [.. header.Select(cell => cell.Trim()).Select(cell => Own(cell) < 0 && Find(cell) is >= 0 and var other && given.Add(other) ? names[other][0] : cell)];
    }

    /// <summary>The first names in the order of a file without header row, as many as it has columns; what comes behind the last has no name.</summary>
    public List<string> InOrder(int columns) => [.. Enumerable.Range(0, columns).Select(i => i < names.Count ? names[i][0] : "")];

    private int Own(string cell) => Find(cell, group => Same(group[0], cell));

    private int Find(string cell) => Find(cell, group => group.Any(name => Same(name, cell)));

    private int Find(string cell, Func<IReadOnlyList<string>, bool> fits)
    {
        for (var i = 0; cell.Length > 0 && i < names.Count; i++)
        {
            if (fits(names[i]))
            {
                return i;
            }
        }

        return -1;
    }

    private static bool Same(string name, string cell) => name.Equals(cell, StringComparison.OrdinalIgnoreCase);
}
