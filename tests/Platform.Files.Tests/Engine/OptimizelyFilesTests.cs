using System.Globalization;
using System.Text.Json;
using Platform.Files.Engine;
using Platform.Testing;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>Optimizely's own enriched events, against totals computed independently.</summary>
public sealed class OptimizelyFilesTests(EngineFixture engine)
{
    private const string Folder = "optimizely-enriched-events";

    [Fact]
    public async Task The_decisions_of_May_2020()
    {
        var (copied, column) = await CopyAsync("account_id=596780373-may2020/type=decisions");
        var expected = Expected("expected-may2020.json").GetProperty("decisions");
        Equal(expected, "rows", copied.Rows.Count);
        Equal(expected, "distinct_uuid", column("uuid").Distinct().Count());
        Equal(expected, "distinct_visitors", column("visitor_id").Distinct().Count());
        Equal(expected, "holdbacks", column("is_holdback").Count(value => value == "true"));
        Equal(expected, "non_null_revision", column("revision").Count(value => value is not null));
        Equal(expected, "non_null_referer", column("referer").Count(value => value is not null));
        Equal(expected, "attribute_elements", Elements(column("attributes")));
        EqualMoments(expected, column);
    }

    [Theory]
    [InlineData("account_id=596780373-may2020/type=events", "expected-may2020.json")]
    [InlineData("account_id=596780373-sep2020/type=events/date=2020-09-14/event=add_to_cart", "expected-sep2020-add_to_cart.json")]
    public async Task The_conversions(string folder, string expectedFile)
    {
        var (copied, column) = await CopyAsync(folder);
        var expected = Expected(expectedFile).GetProperty("events")[0];
        Equal(expected, "rows", copied.Rows.Count);
        Equal(expected, "distinct_uuid", column("uuid").Distinct().Count());
        Equal(expected, "distinct_visitors", column("visitor_id").Distinct().Count());
        Equal(expected, "sum_revenue", column("revenue").Sum(value => value is null ? 0 : long.Parse(value, CultureInfo.InvariantCulture)));
        Equal(expected, "non_null_revenue", column("revenue").Count(value => value is not null));
        Equal(expected, "non_null_value", column("value").Count(value => value is not null));
        Equal(expected, "non_null_quantity", column("quantity").Count(value => value is not null));
        Equal(expected, "experiment_elements", Elements(column("experiments")));
        Equal(expected, "tag_entries", Elements(column("tags")));
        Equal(expected, "rows_with_no_experiment", column("experiments").Count(value => value == "[]"));
        Equal(expected, "processed_before_timestamp", column("process_timestamp").Zip(column("timestamp")).Count(pair => string.CompareOrdinal(pair.First, pair.Second) < 0));
        Assert.All(column("event_name"), value => Assert.Equal("add_to_cart", value));
        if (expected.GetProperty("sum_value").ValueKind == JsonValueKind.Number)
        {
            Assert.Equal(expected.GetProperty("sum_value").GetDouble(), column("value").Sum(value => double.Parse(value!, CultureInfo.InvariantCulture)), 5);
        }

        EqualMoments(expected, column);
    }

    [Fact]
    public async Task The_schema_is_what_Optimizely_documents()
    {
        var file = File("account_id=596780373-sep2020/type=events/date=2020-09-14/event=add_to_cart");
        var columns = await engine.Engine.InferAsync(file, TestContext.Current.CancellationToken);
        Assert.All(columns, column => Assert.True(column.Nullable));
        var byType = columns.ToLookup(column => column.Type, column => column.Name);
        Assert.Equal(["timestamp", "process_timestamp"], byType[FieldType.Datetime]);
        Assert.Equal(["experiments", "attributes", "tags"], byType[FieldType.Json]);
        Assert.Equal(["revenue", "quantity"], byType[FieldType.Integer]);
        Assert.Equal(["value"], byType[FieldType.Float]);
        Assert.Equal(21, columns.Count);
    }

    private static SourceFile File(string folder) =>
        EngineFixture.Source(Directory.GetFiles(SharedData.Path([Folder, .. folder.Split('/')]), "*.parquet").Single());

    private static JsonElement Expected(string name)
    {
        using var document = JsonDocument.Parse(System.IO.File.ReadAllText(SharedData.Path(Folder, name)));
        return document.RootElement.Clone();
    }

    private static void Equal(JsonElement expected, string name, long found) => Assert.Equal((name, expected.GetProperty(name).GetInt64()), (name, found));

    private static void EqualMoments(JsonElement expected, Func<string, IEnumerable<string?>> column)
    {
        foreach (var name in new[] { "timestamp", "process_timestamp" })
        {
            Assert.Equal(Moment(expected, $"min_{name}_utc"), column(name).Min(StringComparer.Ordinal));
            Assert.Equal(Moment(expected, $"max_{name}_utc"), column(name).Max(StringComparer.Ordinal));
        }
    }

    private static string Moment(JsonElement expected, string name) =>
        DateTime.Parse(expected.GetProperty(name).GetString()!, CultureInfo.InvariantCulture).ToString("yyyy-MM-ddTHH:mm:ss.ffffffZ", CultureInfo.InvariantCulture);

    private static long Elements(IEnumerable<string?> json) => json.Where(text => text is not null).Sum(text =>
    {
        using var document = JsonDocument.Parse(text!);
        return document.RootElement.ValueKind == JsonValueKind.Array ? document.RootElement.GetArrayLength() : document.RootElement.EnumerateObject().Count();
    });

    private async Task<(Copied Copied, Func<string, IEnumerable<string?>> Column)> CopyAsync(string folder)
    {
        var file = File(folder);
        var fields = await engine.FieldsOfAsync(file);
        var copied = await engine.CopyAsync(file, fields);
        Assert.Empty(copied.Rejected);
        return (copied, name => copied.Column(Array.FindIndex(fields, field => field.Name == name)));
    }
}
