using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Amazon.S3.Transfer;
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
    private static readonly DateOnly SampleDay = new(2020, 9, 13);
    private static readonly DateOnly MeasuredDay = new(2020, 9, 14);

    public static async Task<Result> RunAsync(string[] options)
    {
        var rows = options is ["--rows", var text] ? long.Parse(text, CultureInfo.InvariantCulture) : 2_000_000;
        using var folder = new TemporaryFolder();
        Console.WriteLine($"Writing {rows:N0} events as CSV ...");
        var (sample, measured) = (folder.PathOf(Name(SampleDay)), folder.PathOf(Name(MeasuredDay)));
        EventsOfADay.WriteCsv(sample, SampleDay, 1_000, header: true);
        EventsOfADay.WriteCsv(measured, MeasuredDay, rows, header: true);
        var bytes = new FileInfo(measured).Length;

        Console.WriteLine($"Loading {bytes:N0} bytes with pgloader ...");
        var yardstick = await ByPgloaderAsync(measured, rows);

        Console.WriteLine("Starting the platform ...");
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        using (var transfer = new TransferUtility(platform.S3.Client))
        {
            foreach (var file in new[] { sample, measured })
            {
                await transfer.UploadAsync(new TransferUtilityUploadRequest { BucketName = platform.S3.Bucket, Key = $"exports/{Path.GetFileName(file)}", FilePath = file });
            }
        }

        File.Delete(measured);
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
                ["loads"] = (await api.GetAsync($"/api/domain-tables/{Uri.EscapeDataString("Exports:Events")}/loads?limit=1"))["items"]!.DeepClone(),
            },
        };
    }

    private static async Task<double> ByPgloaderAsync(string csv, long rows)
    {
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        await using var database = await postgres.CreateDatabaseAsync();
        await new UpsertByHand(database.ConnectionString).CreateTableAsync();
        return await Pgloader.LoadAsync(database.ConnectionString, csv, rows);
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
            ["name"] = "exports",
            ["sourceType"] = "amazon-s3",
            ["credentialId"] = (string)credential["id"]!,
            ["settings"] = new JsonObject { ["bucket"] = s3.Bucket },
            ["entities"] = new JsonArray(new JsonObject
            {
                ["object/type"] = "file",
                ["object/file-pattern"] = "'exports/events-'yyyy-MM-dd'.csv'",
                ["object/land-as"] = new JsonObject { ["file/tag"] = "events", ["file/content-type"] = "text/csv" },
            }),
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
            ["source"] = "Exports",
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

    private static string Name(DateOnly day) => $"events-{day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}.csv";

    private static JsonObject Day(DateOnly date) => new() { ["mode"] = "day", ["date"] = date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) };
}
