using Platform.Files.Engine;
using Platform.Files.Tests.Engine;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Formats.Json;

/// <summary>Files of others: JSONTestSuite, and Optimizely's events as NDJSON.</summary>
public sealed class JsonSuiteTests(EngineFixture engine)
{
    [Fact]
    public void JsonTestSuite_is_judged_as_its_file_names_say()
    {
        var wrong = new List<string>();
        var files = Directory.EnumerateFiles(SharedData.Path("json", "JSONTestSuite"), "*.json", SearchOption.AllDirectories).Order(StringComparer.Ordinal).ToList();
        Assert.NotEmpty(files);

        foreach (var path in files)
        {
            var refusal = Refusal(path);
            var right = Path.GetFileName(path)[0] switch
            {
                'y' => refusal is null,
                'n' => refusal is not null,
                _ => true,
            };
            if (!right || refusal is { Failure: not EngineFailure.BadFile })
            {
                wrong.Add($"{Path.GetFileName(path)}: {refusal?.Failure} {refusal?.Message}");
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Optimizelys_events_keep_every_value()
    {
        var file = EngineFixture.Source(SharedData.Path("json", "optimizely-enriched-events", "add_to_cart-first-200.ndjson"), format: "ndjson");
        var fields = await engine.FieldsOfAsync(file);
        var copied = await engine.CopyAsync(file, fields);
        Assert.Empty(copied.Rejected);
        Assert.Equal(200, copied.Rows.Count);

        // Against an independent parser: the text of every member.
        var lines = await File.ReadAllLinesAsync(file.Path, TestContext.Current.CancellationToken);
        var texts = await engine.CopyAsync(file, [.. fields.Select(field => field with { Type = FieldType.String })]);
        for (var i = 0; i < lines.Length; i++)
        {
            using var record = System.Text.Json.JsonDocument.Parse(lines[i]);
            var expected = fields.Select(field => record.RootElement.TryGetProperty(field.Incoming, out var value) && value.ValueKind != System.Text.Json.JsonValueKind.Null ? value.ToString() : null);
            Assert.Equal(expected, texts.Rows[i].Values);
        }
    }

    /// <summary>In this process: the reader alone, all of whose cells are looked at.</summary>
    private static EngineException? Refusal(string path)
    {
        try
        {
            ReadRecords.All(FilesLibrary.Formats.Get("json"), EngineFixture.Source(path, format: "json"), File.OpenRead(path));
            return null;
        }
        catch (EngineException e)
        {
            return e;
        }
    }
}
