using System.Text;
using Platform.Files.Formats.Records;

namespace Platform.Files.Engine.Child;

/// <summary>Copies one file whose records a reader of ours takes apart: nothing but the reader and the encoder touches them (docs/adr/0070).</summary>
internal static class RecordCopy
{
    private const int RowsBetweenProgress = 4096;

    public static FileCounts Run(RecordFormat format, SourceFile file, RowFilter? changed, EngineJob job, CopyBuffer buffer, RejectedRows rejected, Action<long> progress)
    {
        var rules = job.Fields.Select(field => new FieldRule(field)).ToList();
        return RecordFaults.Guard(file, () =>
        {
            using var reader = format.Open(file, SourceBytes.Open(file));
            var partitions = new Dictionary<string, string>(file.Partitions, StringComparer.OrdinalIgnoreCase);
            var encoder = new RecordEncoder(buffer, rejected, reader, Plan(reader, file, rules, partitions), job.LoadId, file);
            while (reader.Read())
            {
                if (changed?.Has(file.RowsBefore + encoder.Read + encoder.Known + 1) == false)
                {
                    encoder.PassOver();
                    continue;
                }

                encoder.Encode();
                if (encoder.Read % RowsBetweenProgress == 0)
                {
                    progress(encoder.Read);
                }
            }

            var seen = new HashSet<string>(reader.Columns, StringComparer.OrdinalIgnoreCase);
            var wanted = job.Fields.Select(field => field.Incoming).ToHashSet(StringComparer.OrdinalIgnoreCase);
            return new FileCounts(
                file.FileId,
                encoder.Read,
                encoder.Rejected,
                [.. job.Fields.Select(field => field.Incoming).Where(name => !seen.Contains(name) && !partitions.ContainsKey(name))],
                [.. reader.Columns.Where(name => !wanted.Contains(name)).Select(name => new InferredField(name, FieldType.String, null, null, true, TypeGuess.TextType))])
            { Known = encoder.Known };
        });
    }

    private static RecordField[] Plan(RecordReader reader, SourceFile file, List<FieldRule> rules, Dictionary<string, string> partitions)
    {
        var columns = new HashSet<string>(reader.Columns, StringComparer.OrdinalIgnoreCase);
        var selected = new List<string>();
        var planned = new RecordField[rules.Count];
        for (var i = 0; i < planned.Length; i++)
        {
            var field = rules[i].Field;
            var inFile = !reader.HasHeader || columns.Contains(field.Incoming);
            var inPath = partitions.TryGetValue(field.Incoming, out var value);
            if (!inFile && !inPath && field.Required)
            {
                throw new EngineException(EngineFailure.BadFile, CopyPlan.MissingColumn(file, field, reader.Columns));
            }

            // A column of the file hides the path's value of its name, also where it is null.
            var constant = inPath && !(reader.HasHeader && inFile) && value != CopyPlan.NullPartition ? Encoding.UTF8.GetBytes(value!) : null;
            planned[i] = new RecordField(rules[i], inFile ? selected.Count : -1, constant, field.Required, field.Type is not (FieldType.String or FieldType.Json));
            if (inFile)
            {
                selected.Add(field.Incoming);
            }
        }

        reader.Select(selected);
        return planned;
    }
}
