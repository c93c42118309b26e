using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Amazon.S3.Model;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>
/// <c>ingest-first</c> of quality.md: one day of enriched events from S3 into an empty, keyed domain table, through the public API, from the call that starts the run to the first
/// answer that says it succeeded.
/// </summary>
internal static class IngestFirst
{
    private const int Parts = 8;
    private static readonly DateOnly SampleDay = new(2020, 9, 13);
    private static readonly DateOnly MeasuredDay = new(2020, 9, 14);

    public static async Task<Result> RunAsync(string[] options)
    {
        var rows = options is ["--rows", var text] ? long.Parse(text, CultureInfo.InvariantCulture) : 2_000_000;
        using var folder = new TemporaryFolder();
        Console.WriteLine($"Writing {rows:N0} events as Parquet and CSV ...");
        EventsOfADay.WriteParquet(folder.PathOf("bucket"), SampleDay, 1_000, 1);
        EventsOfADay.WriteParquet(folder.PathOf("bucket"), MeasuredDay, rows, Parts);
        var csv = folder.PathOf("events.csv");
        EventsOfADay.WriteCsv(csv, MeasuredDay, rows);

        Console.WriteLine("Loading by hand ...");
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        var (copy, upsert) = await ByHandAsync(postgres, csv, rows);
        File.Delete(csv);

        Console.WriteLine("Starting the platform ...");
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        var bytes = await UploadAsync(platform.S3, folder.PathOf("bucket"));
        using var api = new PublicApi(await platform.ClientAsync());
        var courier = await SetUpAsync(api, platform.S3);

        Console.WriteLine("Running the courier ...");
        var watch = Stopwatch.StartNew();
        var run = await api.RunAsync(courier, Day(MeasuredDay));
        var seconds = watch.Elapsed.TotalSeconds;
        if ((string)run["state"]! != "succeeded" || (long)run["rows"]!["inserted"]! != rows)
        {
            throw new InvalidOperationException($"The run was to insert {rows} rows: {run.ToJsonString()}");
        }

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
                ["loads"] = (await api.GetAsync($"/api/domain-tables/{Uri.EscapeDataString("Optimizely:Events")}/loads?limit=1"))["items"]!.DeepClone(),
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

    private static async Task<long> UploadAsync(S3Server s3, string folder)
    {
        var bytes = 0L;
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).OrderBy(file => file.EndsWith("_SUCCESS", StringComparison.Ordinal)))
        {
            await using var content = File.OpenRead(file);
            bytes += content.Length;
            var key = $"v1/{Path.GetRelativePath(folder, file)}";
            await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = s3.Bucket, Key = key, InputStream = content, UseChunkEncoding = false });
        }

        return bytes;
    }

    // Credential, courier, a landed sample, the feed made from it, load operations.
    private static async Task<string> SetUpAsync(PublicApi api, S3Server s3)
    {
        var credential = await api.PostAsync("/api/credentials", new JsonObject
        {
            ["name"] = "bucket",
            ["type"] = "iam-credential",
            ["fields"] = new JsonObject { ["accessKey"] = s3.AccessKey, ["secretKey"] = s3.SecretKey, ["region"] = S3Server.Region, ["endpoint"] = s3.Endpoint },
        });
        var definition = new JsonObject
        {
            ["name"] = "events",
            ["sourceType"] = "optimizely-events",
            ["credentialId"] = (string)credential["id"]!,
            ["settings"] = new JsonObject { ["bucket"] = s3.Bucket, ["accountId"] = EventsOfADay.Account, ["types"] = new JsonArray("events") },
            ["entities"] = new JsonArray(),
            ["loadOperations"] = new JsonObject(),
        };
        var courier = (string)(await api.PostAsync("/api/couriers", definition.DeepClone()))["id"]!;
        var sample = await api.RunAsync(courier, Day(SampleDay));
        if ((string)sample["state"]! != "succeeded")
        {
            throw new InvalidOperationException($"The sample could not be landed: {sample.ToJsonString()}");
        }

        var landed = await api.GetAsync($"/api/landed-files?courierId={courier}&tag=events&limit=1");
        var feed = (string)(await api.PostAsync("/api/feeds", new JsonObject
        {
            ["source"] = "Optimizely",
            ["name"] = "Events",
            ["sampleFileId"] = (string)landed["items"]![0]!["fileId"]!,
            ["primaryKey"] = new JsonArray("uuid"),
            ["lastUpdatedField"] = "process_timestamp",
        }))["id"]!;
        await api.PostAsync($"/api/feeds/{feed}/activate", new JsonObject { ["loadSample"] = false });
        definition["loadOperations"] = new JsonObject { [feed] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "events" }) };
        await api.PutAsync($"/api/couriers/{courier}", definition);
        return courier;
    }

    private static JsonObject Day(DateOnly date) => new() { ["mode"] = "day", ["date"] = date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) };
}
