using System.Text;
using Platform.Files.Engine;
using Platform.Files.Tests.Engine;

namespace Platform.Files.Tests.Formats;

/// <summary>Writes text files for the engine to read.</summary>
internal static class TextFiles
{
    private static int _last;

    public static SourceFile Csv(this EngineFixture engine, string text, CsvSettings? settings = null) => engine.Bytes("csv", Encoding.UTF8.GetBytes(text), new() { Csv = settings });

    public static SourceFile Bytes(this EngineFixture engine, string format, byte[] bytes, FileSettings? settings = null)
    {
        var path = engine.PathOf($"text-{Interlocked.Increment(ref _last)}.{format}");
        using (var stream = File.Create(path))
        {
            stream.Write(bytes);
        }

        return EngineFixture.Source(path, format: format) with { Settings = settings ?? FileSettings.Inferred };
    }

    public static LoadField[] Texts(params string[] names) => [.. names.Select(name => Field(name, FieldType.String))];

    public static LoadField Field(string name, FieldType type) => new() { Name = name, Incoming = name, Type = type };
}
