using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Amazon.S3.Transfer;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>What the ingest benchmarks share: a courier with a feed for its files, both made through the public API, and runs from the call that starts them to the first answer that says they succeeded.</summary>
internal sealed class IngestRoad(PublicApi api, string courier)
{
    public static readonly DateOnly SampleDay = new(2020, 9, 13);
    public static readonly DateOnly MeasuredDay = new(2020, 9, 14);

    /// <summary>The number behind <c>--rows</c>, or two million.</summary>
    public static long Rows(string[] options) => options is ["--rows", var text] ? long.Parse(text, CultureInfo.InvariantCulture) : 2_000_000;

    /// <summary>Everything below a folder, <c>_SUCCESS</c> last; returns the bytes.</summary>
    public static async Task<long> UploadAsync(S3Server s3, string folder, string prefix)
    {
        using var transfer = new TransferUtility(s3.Client);
        var bytes = 0L;
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).OrderBy(file => file.EndsWith("_SUCCESS", StringComparison.Ordinal)))
        {
            bytes += new FileInfo(file).Length;
            await transfer.UploadAsync(new TransferUtilityUploadRequest { BucketName = s3.Bucket, Key = $"{prefix}/{Path.GetRelativePath(folder, file)}", FilePath = file });
        }

        return bytes;
    }

    /// <summary>The courier of an Optimizely export.</summary>
    public static JsonObject OptimizelyEvents(S3Server s3) => new()
    {
        ["name"] = "events",
        ["sourceType"] = "optimizely-events",
        ["settings"] = new JsonObject { ["bucket"] = s3.Bucket, ["accountId"] = EventsOfADay.Account, ["types"] = new JsonArray("events") },
        ["entities"] = new JsonArray(),
    };

    /// <summary>Credential, courier, a landed sample of the sample day, the feed made from it (<c>SOURCE:Events</c>, keyed by uuid), load operations.</summary>
    public static async Task<IngestRoad> SetUpAsync(PublicApi api, S3Server s3, JsonObject definition, string source)
    {
        var credential = await api.PostAsync("/api/credentials", new JsonObject
        {
            ["name"] = "bucket",
            ["type"] = "iam-credential",
            ["fields"] = new JsonObject { ["accessKey"] = s3.AccessKey, ["secretKey"] = s3.SecretKey, ["region"] = S3Server.Region, ["endpoint"] = s3.Endpoint },
        });
        definition["credentialId"] = (string)credential["id"]!;
        definition["loadOperations"] = new JsonObject();
        var courier = (string)(await api.PostAsync("/api/couriers", definition.DeepClone()))["id"]!;
        var road = new IngestRoad(api, courier);
        await road.RunAsync(SampleDay);
        var landed = await api.GetAsync($"/api/landed-files?courierId={courier}&tag=events&limit=1");
        var feed = (string)(await api.PostAsync("/api/feeds", new JsonObject
        {
            ["source"] = source,
            ["name"] = "Events",
            ["sampleFileId"] = (string)landed["items"]![0]!["fileId"]!,
            ["primaryKey"] = new JsonArray("uuid"),
            ["lastUpdatedField"] = "process_timestamp",
        }))["id"]!;
        await api.PostAsync($"/api/feeds/{feed}/activate", new JsonObject { ["loadSample"] = false });
        definition["loadOperations"] = new JsonObject { [feed] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "events" }) };
        await api.PutAsync($"/api/couriers/{courier}", definition);
        return road;
    }

    /// <summary>Runs a day; returns the seconds it took and its row counts. A run that fails ends the benchmark.</summary>
    public async Task<(double Seconds, JsonNode Rows)> RunAsync(DateOnly day)
    {
        var watch = Stopwatch.StartNew();
        var run = await api.RunAsync(courier, new JsonObject { ["mode"] = "day", ["date"] = day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) }, TimeSpan.FromMinutes(30));
        return (string)run["state"]! == "succeeded" ? (watch.Elapsed.TotalSeconds, run["rows"]!) : throw new InvalidOperationException($"The run was to succeed: {run.ToJsonString()}");
    }

    /// <summary>The same, when exactly these rows must have been inserted and updated.</summary>
    public async Task<double> RunAsync(DateOnly day, long inserted, long updated)
    {
        var (seconds, rows) = await RunAsync(day);
        return ((long)rows["inserted"]!, (long)rows["updated"]!) == (inserted, updated)
            ? seconds
            : throw new InvalidOperationException($"The run was to insert {inserted} rows and update {updated}: {rows.ToJsonString()}");
    }

    /// <summary>The newest load of the table, as the load history tells it.</summary>
    public async Task<JsonNode> LastLoadAsync(string table) => (await api.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(table)}/loads?limit=1"))["items"]!.DeepClone();
}
