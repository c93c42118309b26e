using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary><c>ingest-first</c> of quality.md: one day of enriched events from S3 into an empty, keyed domain table, through the public API.</summary>
internal static class IngestFirst
{
    private const int Parts = 8;

    public static async Task<Result> RunAsync(string[] options)
    {
        var rows = IngestRoad.Rows(options);
        using var folder = new TemporaryFolder();
        Console.WriteLine($"Writing {rows:N0} events as Parquet and CSV ...");
        EventsOfADay.WriteParquet(folder.PathOf("bucket"), IngestRoad.SampleDay, new(IngestRoad.SampleDay, 1_000), 1);
        EventsOfADay.WriteParquet(folder.PathOf("bucket"), IngestRoad.MeasuredDay, new(IngestRoad.MeasuredDay, rows), Parts);
        var csv = folder.PathOf("events.csv");
        EventsOfADay.WriteCsv(csv, new(IngestRoad.MeasuredDay, rows));

        Console.WriteLine("Loading by hand ...");
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        var (copy, upsert) = await ByHandAsync(postgres, csv, rows);
        File.Delete(csv);

        Console.WriteLine("Starting the platform ...");
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        var bytes = await IngestRoad.UploadAsync(platform.S3, folder.PathOf("bucket"), "v1");
        using var api = new PublicApi(await platform.ClientAsync());
        var road = await IngestRoad.SetUpAsync(api, platform.S3, IngestRoad.OptimizelyEvents(platform.S3), "Optimizely");

        Console.WriteLine("Running the courier ...");
        var seconds = await road.RunAsync(IngestRoad.MeasuredDay, inserted: rows, updated: 0);
        return new()
        {
            Benchmark = "ingest-first",
            Measured = $"platform, S3 Parquet to committed keyed table, {rows:N0} rows",
            Yardstick = @"psql \copy of the same rows as CSV, then INSERT ... ON CONFLICT",
            MeasuredSeconds = seconds,
            YardstickSeconds = copy + upsert,
            Goal = 0.35,
            Details = new Dictionary<string, object>
            {
                ["rows"] = rows,
                ["parquetBytes"] = bytes,
                ["psqlCopySeconds"] = copy,
                ["psqlUpsertSeconds"] = upsert,
                ["feedsPeakMegabytes"] = platform.PeakMemoryOf("feeds") / 1_000_000,
                ["couriersPeakMegabytes"] = platform.PeakMemoryOf("couriers") / 1_000_000,
                ["loads"] = await road.LastLoadAsync("Optimizely:Events"),
            },
        };
    }

    private static async Task<(double Copy, double Upsert)> ByHandAsync(PostgresServer postgres, string csv, long rows)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var byHand = new UpsertByHand(database.ConnectionString);
        await byHand.CreateTableAsync();
        var seconds = await byHand.LoadAsync(csv);
        return await byHand.CountAsync() == rows ? seconds : throw new InvalidOperationException($"Loading by hand did not make {rows} rows.");
    }
}
