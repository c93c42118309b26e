using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Platform.Files.Formats.Records;

namespace Platform.Files.Engine.Child;

/// <summary>What a file whose records a reader of ours takes apart looks like. Only its beginning is read, once.</summary>
internal static class RecordLook
{
    private const int SampleRows = 10_000;
    private const int SampleBytes = 8 << 20;
    private const int MaxBadRows = 100;
    private const string PartitionType = "partition";

    public static IReadOnlyList<InferredField> Infer(RecordFormat format, SourceFile file) => RecordFaults.Guard<IReadOnlyList<InferredField>>(file, () =>
    {
        using var reader = format.Open(file, SourceBytes.Open(file));
        reader.SelectAll();
        var guesses = new List<TypeGuess>();
        var whole = true;
        long bytes = 0;
        for (var row = 0; reader.Read(); row++)
        {
            if (row == SampleRows || bytes > SampleBytes)
            {
                whole = false;
                break;
            }

            bytes += reader.Raw.Length;
            if (reader.Problem is not null)
            {
                continue;
            }

            while (guesses.Count < reader.Columns.Count)
            {
                // What the records before had no value for is null there.
                guesses.Add(new TypeGuess(reader.TellsNumbers, nulls: row > 0 && !reader.HasHeader));
            }

            for (var i = 0; i < guesses.Count; i++)
            {
                guesses[i].Add(reader.Cell(i));
            }
        }

        return
        [
            .. reader.Columns.Select((name, i) => (i < guesses.Count ? guesses[i] : new TypeGuess(reader.TellsNumbers, nulls: true)).Field(name, whole)),
            .. Partitions(file, reader.Columns).Select(partition => new InferredField(partition.Key, FieldType.String, null, null, false, PartitionType)),
        ];
    });

    public static PreviewResult Preview(RecordFormat format, SourceFile file, int rows) => RecordFaults.Guard(file, () =>
    {
        using var reader = format.Open(file, SourceBytes.Open(file));
        reader.SelectAll();
        var found = new List<List<string?>>();
        var bad = new List<string>();
        while (found.Count < rows && bad.Count < MaxBadRows && reader.Read())
        {
            if (reader.Problem is { } problem)
            {
                bad.Add($"{reader.Position} {problem}");
                continue;
            }

            var cells = new List<string?>(reader.Columns.Count);
            for (var i = 0; i < reader.Columns.Count; i++)
            {
                cells.Add(Json(reader.Cell(i)));
            }

            found.Add(cells);
        }

        var partitions = Partitions(file, reader.Columns).ToList();
        foreach (var cells in found)
        {
            cells.AddRange(Enumerable.Repeat<string?>(null, reader.Columns.Count - cells.Count));
            cells.AddRange(partitions.Select(partition => partition.Value == CopyPlan.NullPartition ? null : Text(Encoding.UTF8.GetBytes(partition.Value))));
        }

        return new PreviewResult([.. reader.Columns, .. partitions.Select(partition => partition.Key)], found) { Settings = reader.Settings, BadRows = bad };
    });

    private static IEnumerable<KeyValuePair<string, string>> Partitions(SourceFile file, IReadOnlyList<string> columns) =>
        file.Partitions.Where(partition => !columns.Contains(partition.Key, StringComparer.OrdinalIgnoreCase));

    private static string? Json(Cell cell) => cell.Kind switch
    {
        CellKind.Null => null,
        CellKind.Number or CellKind.Boolean or CellKind.Nested => Encoding.UTF8.GetString(cell.Text),
        CellKind.Text or CellKind.String or CellKind.Broken => Text(cell.Text),
    };

    private static string Text(ReadOnlySpan<byte> text) => $"\"{JsonEncodedText.Encode(text, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
