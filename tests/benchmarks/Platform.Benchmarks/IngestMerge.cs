using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>
/// <c>ingest-again</c> and <c>ingest-delta</c> of quality.md: rows for a table that has two million already, against the same hand-written upsert into a table that has them.
/// </summary>
internal static class IngestMerge
{
    private const int Parts = 8;
    private const int ChangedPercent = 1;
    private const int DeltaStep = 10;

    /// <summary>The same day again, written anew, one row of a hundred changed.</summary>
    public static Task<Result> AgainAsync(string[] options)
    {
        var rows = IngestRoad.Rows(options);
        return RunAsync("ingest-again", $"the same {rows:N0} rows again, {ChangedPercent} % changed", 0.3, rows, IngestRoad.MeasuredDay, new(IngestRoad.MeasuredDay, rows, ChangedEvery: 100 / ChangedPercent), rows * ChangedPercent / 100);
    }

    /// <summary>The next day brings a tenth of the rows again, all of them changed.</summary>
    public static Task<Result> DeltaAsync(string[] options)
    {
        var rows = IngestRoad.Rows(options);
        return RunAsync("ingest-delta", $"{rows / DeltaStep:N0} changed rows into {rows:N0}", 1.3, rows, IngestRoad.MeasuredDay.AddDays(1), new(IngestRoad.MeasuredDay, rows / DeltaStep, DeltaStep, ChangedEvery: 1), rows / DeltaStep);
    }

    private static async Task<Result> RunAsync(string name, string what, double goal, long rows, DateOnly day, Events events, long changed)
    {
        using var folder = new TemporaryFolder();
        var first = new Events(IngestRoad.MeasuredDay, rows);
        Console.WriteLine($"Writing {rows:N0} events, and {what} ...");
        EventsOfADay.WriteCsv(folder.PathOf("first.csv"), first);
        EventsOfADay.WriteCsv(folder.PathOf("then.csv"), events);

        Console.WriteLine("Loading by hand ...");
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        var (copy, upsert) = await ByHandAsync(postgres, folder.PathOf("first.csv"), folder.PathOf("then.csv"), rows);
        File.Delete(folder.PathOf("first.csv"));
        File.Delete(folder.PathOf("then.csv"));

        Console.WriteLine("Starting the platform ...");
        EventsOfADay.WriteParquet(folder.PathOf("first"), IngestRoad.SampleDay, new(IngestRoad.SampleDay, 1_000), 1);
        EventsOfADay.WriteParquet(folder.PathOf("first"), IngestRoad.MeasuredDay, first, Parts);
        EventsOfADay.WriteParquet(folder.PathOf("then"), day, events, Parts);
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        await IngestRoad.UploadAsync(platform.S3, folder.PathOf("first"), "v1");
        using var api = new PublicApi(await platform.ClientAsync());
        var road = await IngestRoad.SetUpAsync(api, platform.S3, IngestRoad.OptimizelyEvents(platform.S3), "Optimizely");
        await road.RunAsync(IngestRoad.MeasuredDay, inserted: rows, updated: 0);
        await IngestRoad.UploadAsync(platform.S3, folder.PathOf("then"), "v1");

        Console.WriteLine("Running the courier ...");
        var seconds = await road.RunAsync(day, inserted: 0, updated: changed);
        return new()
        {
            Benchmark = name,
            Measured = $"platform, S3 Parquet to committed keyed table, {what}",
            Yardstick = @"psql \copy of the same rows as CSV, then INSERT ... ON CONFLICT into the filled table",
            MeasuredSeconds = seconds,
            YardstickSeconds = copy + upsert,
            Goal = goal,
            Details = new Dictionary<string, object>
            {
                ["rows"] = rows,
                ["psqlCopySeconds"] = copy,
                ["psqlUpsertSeconds"] = upsert,
                ["feedsPeakMegabytes"] = platform.PeakMemoryOf("feeds") / 1_000_000,
                ["loads"] = await road.LastLoadAsync("Optimizely:Events"),
            },
        };
    }

    private static async Task<(double Copy, double Upsert)> ByHandAsync(PostgresServer postgres, string first, string then, long rows)
    {
        await using var database = await postgres.CreateDatabaseAsync();
        var byHand = new UpsertByHand(database.ConnectionString);
        await byHand.CreateTableAsync();
        await byHand.LoadAsync(first);
        var seconds = await byHand.LoadAsync(then);
        return await byHand.CountAsync() == rows ? seconds : throw new InvalidOperationException($"Loading by hand did not leave {rows} rows.");
    }
}
