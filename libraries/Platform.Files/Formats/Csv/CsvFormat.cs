using Platform.Files.Engine;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Csv;

/// <summary>Separated text: CSV, TSV, PSV. They differ in the separator that is expected unless the settings name one.</summary>
internal sealed class CsvFormat : RecordFormat
{
    private readonly byte? _usualSeparator;

    private CsvFormat(string name, byte? usualSeparator, params string[] contentTypes)
    {
        (Name, _usualSeparator, ContentTypes) = (name, usualSeparator, contentTypes);
    }

    public static CsvFormat Csv { get; } = new("csv", null, "text/csv");

    public static CsvFormat Tsv { get; } = new("tsv", (byte)'\t', "text/tab-separated-values");

    public static CsvFormat Psv { get; } = new("psv", (byte)'|', "text/pipe-separated-values");

    public override string Name { get; }

    public override IReadOnlyList<string> ContentTypes { get; }

    public override RecordReader Open(SourceFile file, Stream bytes) => new CsvReader(file, bytes, _usualSeparator);
}
