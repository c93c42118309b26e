using System.Globalization;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>
/// <c>ingest-csv</c> of quality.md: the rows of <c>ingest-first</c> as one CSV file, from S3 into an empty, keyed domain table, through the public API; against pgloader loading
/// the same file from the local disk.
/// </summary>
internal static class IngestCsv
{
    public static async Task<Result> RunAsync(string[] options)
    {
        var rows = IngestRoad.Rows(options);
        using var folder = new TemporaryFolder();
        Console.WriteLine($"Writing {rows:N0} events as CSV ...");
        Directory.CreateDirectory(folder.PathOf("exports"));
        var (sample, measured) = (folder.PathOf("exports", Name(IngestRoad.SampleDay)), folder.PathOf("exports", Name(IngestRoad.MeasuredDay)));
        EventsOfADay.WriteCsv(sample, new(IngestRoad.SampleDay, 1_000), header: true);
        EventsOfADay.WriteCsv(measured, new(IngestRoad.MeasuredDay, rows), header: true);
        var bytes = new FileInfo(measured).Length;

        Console.WriteLine($"Loading {bytes:N0} bytes with pgloader ...");
        var yardstick = await ByPgloaderAsync(measured, rows);

        Console.WriteLine("Starting the platform ...");
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        await IngestRoad.UploadAsync(platform.S3, folder.PathOf("exports"), "exports");
        File.Delete(measured);
        using var api = new PublicApi(await platform.ClientAsync());
        var road = await IngestRoad.SetUpAsync(api, platform.S3, Exports(platform.S3), "Exports");

        Console.WriteLine("Running the courier ...");
        var seconds = await road.RunAsync(IngestRoad.MeasuredDay, inserted: rows, updated: 0);
        return new()
        {
            Benchmark = "ingest-csv",
            Measured = $"platform, S3 CSV to committed keyed table, {rows:N0} rows",
            Yardstick = "pgloader loading the same file into the keyed table",
            MeasuredSeconds = seconds,
            YardstickSeconds = yardstick,
            Goal = 0.12,
            Details = new Dictionary<string, object>
            {
                ["rows"] = rows,
                ["csvBytes"] = bytes,
                ["feedsPeakMegabytes"] = platform.PeakMemoryOf("feeds") / 1_000_000,
                ["couriersPeakMegabytes"] = platform.PeakMemoryOf("couriers") / 1_000_000,
                ["loads"] = await road.LastLoadAsync("Exports:Events"),
            },
        };
    }

    private static async Task<double> ByPgloaderAsync(string csv, long rows)
    {
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        await using var database = await postgres.CreateDatabaseAsync();
        await new UpsertByHand(database.ConnectionString).CreateTableAsync();
        return await Pgloader.LoadAsync(database.ConnectionString, csv, "events", EventsOfADay.Columns.Select(column => column.Name), ',', header: true, rows);
    }

    private static JsonObject Exports(S3Server s3) => new()
    {
        ["name"] = "exports",
        ["sourceType"] = "amazon-s3",
        ["settings"] = new JsonObject { ["bucket"] = s3.Bucket },
        ["entities"] = new JsonArray(new JsonObject
        {
            ["object/type"] = "file",
            ["object/file-pattern"] = "'exports/events-'yyyy-MM-dd'.csv'",
            ["object/land-as"] = new JsonObject { ["file/tag"] = "events", ["file/content-type"] = "text/csv" },
        }),
    };

    private static string Name(DateOnly day) => $"events-{day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}.csv";
}
