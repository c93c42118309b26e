using Platform.Files.Engine;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Xml;

/// <summary>XML documents of many like elements, each of which is a record.</summary>
internal sealed class XmlFormat : RecordFormat
{
    public override string Name => "xml";

    public override IReadOnlyList<string> ContentTypes { get; } = ["application/xml", "text/xml"];

    public override RecordReader Open(SourceFile file, Stream bytes) => new XmlRecordReader(file, bytes);
}
