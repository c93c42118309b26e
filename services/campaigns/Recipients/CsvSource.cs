using System.Text;
using System.Text.Unicode;
using Platform.Campaigns.Lists;

namespace Platform.Campaigns.Recipients;

/// <summary>
/// Recipients of an uploaded file. With a header row columns go to the fields of their names, in any order, and missing fields are NULL; without one every row has exactly the
/// list's fields in their order.
/// </summary>
internal sealed class CsvSource : IRecipientSource
{
    private readonly CsvRows _rows;
    private readonly RecipientRow _record = new();
    private readonly IReadOnlyList<RecipientField> _fields;
    private int[] _columns;
    private int _width;

    private CsvSource(CsvRows rows, IReadOnlyList<RecipientField> fields)
    {
        _rows = rows;
        _fields = fields;
        _columns = [.. Enumerable.Range(0, fields.Count)];
        _width = fields.Count;
    }

    public string? RowFault { get; private set; }

    public static async Task<CsvSource> OpenAsync(Stream stream, char separator, bool header, IReadOnlyList<RecipientField> fields, CancellationToken cancellationToken)
    {
        var source = new CsvSource(new CsvRows(stream, separator), fields);
        if (header)
        {
            await source.ReadHeaderAsync(cancellationToken);
        }

        return source;
    }

    public async ValueTask<bool> ReadAsync(RecipientRow row, CancellationToken cancellationToken)
    {
        if (!await _rows.ReadAsync(_record, cancellationToken))
        {
            return false;
        }

        row.Take(_record, _columns);
        RowFault = _rows.Fault ?? (_record.Count != _width ? $"has {_record.Count} fields where {_width} are expected." : FirstInvalid(row));
        return true;
    }

    private static string? FirstInvalid(RecipientRow row)
    {
        for (var field = 0; field < row.Count; field++)
        {
            if (!row.IsNull(field) && !Utf8.IsValid(row[field]))
            {
                return $"is not UTF-8 (field {field + 1}). Save the file as UTF-8.";
            }
        }

        return null;
    }

    private async Task ReadHeaderAsync(CancellationToken cancellationToken)
    {
        if (!await _rows.ReadAsync(_record, cancellationToken))
        {
            throw new RecipientSourceException("The file is empty; its first row should name the columns.");
        }

        var names = Enumerable.Range(0, _record.Count).Select(column => _record.IsNull(column) ? "" : Encoding.UTF8.GetString(_record[column]).Trim()).ToArray();
        _columns = ColumnMap.Of(names, _fields, "The file's first row");
        _width = names.Length;
    }
}

/// <summary>Which column of a source feeds which field of the list.</summary>
internal static class ColumnMap
{
    /// <summary>For each field the number of its column, -1 for none. Columns that are no field, and names that occur twice, are refused.</summary>
    public static int[] Of(IReadOnlyList<string> columns, IReadOnlyList<RecipientField> fields, string where)
    {
        var unknown = columns.Where(column => fields.All(field => !Same(field.Name, column))).ToList();
        if (unknown.Count > 0)
        {
            throw new RecipientSourceException(
                $"{where} names {string.Join(", ", unknown.Select(name => $"'{name}'"))}, which the recipient list does not have. Its fields are {string.Join(", ", fields.Select(field => field.Name))}.");
        }

        if (columns.GroupBy(column => column, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
        {
            throw new RecipientSourceException($"{where} names '{twice.Key}' twice.");
        }

        var email = fields.Single(field => field.EffectiveRole == RecipientFieldRole.Email).Name;
        if (!columns.Any(column => Same(email, column)))
        {
            throw new RecipientSourceException($"{where} lacks '{email}', without which nobody can be written to. It names {string.Join(", ", columns)}.");
        }

        return [.. fields.Select(field => columns.ToList().FindIndex(column => Same(field.Name, column)))];
    }

    private static bool Same(string field, string column) => string.Equals(field, column, StringComparison.OrdinalIgnoreCase);
}
