using Platform.Files.Engine;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Json;

/// <summary>JSON documents, and streams of JSON values one behind the other.</summary>
internal sealed class JsonFormat : RecordFormat
{
    private readonly JsonLayout _layout;

    private JsonFormat(string name, JsonLayout layout, params string[] contentTypes)
    {
        (Name, _layout, ContentTypes) = (name, layout, contentTypes);
    }

    public static JsonFormat Document { get; } = new("json", JsonLayout.Document, "application/json");

    public static JsonFormat Stream { get; } = new("ndjson", JsonLayout.Stream, "application/x-ndjson", "application/x-json-stream");

    public override string Name { get; }

    public override IReadOnlyList<string> ContentTypes { get; }

    public override RecordReader Open(SourceFile file, Stream bytes) => new JsonRecordReader(file, bytes, _layout);
}
