using System.Text;
using Platform.Files.Engine;
using Platform.Files.Formats;
using Platform.Files.Formats.Records;

namespace Platform.Files.Tests.Formats;

/// <summary>Reads files with a reader alone, in this process: thousands of them cost no child.</summary>
internal static class ReadRecords
{
    /// <summary>Every record's texts; a bad record is null.</summary>
    public static List<List<string?>?> All(IFileFormat format, SourceFile file, Stream bytes)
    {
        using var reader = ((RecordFormat)format).Open(file, bytes);
        reader.SelectAll();
        var records = new List<List<string?>?>();
        while (reader.Read())
        {
            if (reader.Problem is not null)
            {
                _ = reader.Position;
                records.Add(null);
                continue;
            }

            var cells = new List<string?>();
            for (var i = 0; i < reader.Columns.Count; i++)
            {
                var cell = reader.Cell(i);
                cells.Add(cell.Kind == CellKind.Null ? null : Encoding.UTF8.GetString(cell.Text));
            }

            records.Add(cells);
        }

        return records;
    }
}
