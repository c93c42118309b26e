using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Amazon.S3.Model;
using Platform.Testing.Processes;

namespace Platform.Benchmarks;

/// <summary>
/// "10 GB file" of quality.md: a CSV file of that size pulled and loaded through the public API, and the most memory any service with its children had meanwhile. The S3 server keeps objects on disk
/// when <c>S3_STORE=disk</c> is set, as <c>tests/bench large-file</c> does.
/// </summary>
internal static class LargeFile
{
    private const double Limit = 400;
    private const int PartBytes = 16 << 20;

    public static async Task<Result> RunAsync(string[] options)
    {
        var gigabytes = options is ["--gigabytes", var text] ? double.Parse(text, CultureInfo.InvariantCulture) : 10;
        Console.WriteLine("Starting the platform ...");
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        using var api = new PublicApi(await platform.ClientAsync());
        await platform.S3.Client.PutObjectAsync(new PutObjectRequest { BucketName = platform.S3.Bucket, Key = "rows/sample.csv", InputStream = new MemoryStream(new Lines().Next(2_000)), UseChunkEncoding = false });
        var courier = await Pull.CreateCourierAsync(api, platform.S3, "rows/");
        var feed = await FeedAsync(api, courier);

        Console.WriteLine($"Uploading {gigabytes:0.##} GB of CSV ...");
        var bytes = (long)(gigabytes * 1e9);
        var lines = new Lines();
        await Pull.UploadAsync(platform.S3, "rows/large.csv", bytes, _ => lines.Next(PartBytes));
        await platform.S3.Client.DeleteObjectAsync(platform.S3.Bucket, "rows/sample.csv");

        Console.WriteLine("Running the courier ...");
        var run = await api.RunAsync(courier, new JsonObject { ["mode"] = "all" }, TimeSpan.FromHours(2));
        if ((string)run["state"]! != "succeeded" || (long)run["rows"]!["read"]! != lines.Rows)
        {
            throw new InvalidOperationException($"The run was to read {lines.Rows} rows into {feed}: {run.ToJsonString()}");
        }

        var peaks = RunningPlatform.Services.Append("gateway").ToDictionary(service => service, service => Math.Round(platform.PeakMemoryOf(service) / 1e6, 1));
        return new()
        {
            Benchmark = "large-file",
            Measured = $"most megabytes of any service with its children while {gigabytes:0.##} GB of CSV are pulled and loaded",
            Yardstick = "the 400 MB of quality.md",
            MeasuredSeconds = peaks.Values.Max(),
            YardstickSeconds = Limit,
            Unit = "MB",
            Goal = 1,
            Details = new Dictionary<string, object>
            {
                ["rows"] = lines.Rows,
                ["bytes"] = bytes,
                ["seconds"] = (DateTimeOffset.Parse((string)run["endedAt"]!, CultureInfo.InvariantCulture) - DateTimeOffset.Parse((string)run["startedAt"]!, CultureInfo.InvariantCulture)).TotalSeconds,
                ["peakMegabytes"] = System.Text.Json.JsonSerializer.SerializeToNode(peaks)!,
            },
        };
    }

    private static async Task<string> FeedAsync(PublicApi api, string courier)
    {
        var landed = await api.RunAsync(courier, new JsonObject { ["mode"] = "all" });
        var sample = (await api.GetAsync($"/api/landed-files?runId={landed["id"]}"))["items"]![0]!;
        var feed = await api.PostAsync("/api/feeds", new JsonObject
        {
            ["source"] = "Large",
            ["name"] = "Rows",
            ["sampleFileId"] = (string)sample["fileId"]!,
            ["primaryKey"] = new JsonArray("id"),
            ["generateUpdatedField"] = true,
        });
        await api.PostAsync($"/api/feeds/{feed["id"]}/activate", new JsonObject { ["loadSample"] = false });
        var edited = await api.GetAsync($"/api/couriers/{courier}");
        edited["loadOperations"] = new JsonObject { [(string)feed["id"]!] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "objects" }) };
        await api.PutAsync($"/api/couriers/{courier}", edited);
        return (string)feed["domainTable"]!;
    }

    /// <summary>Lines of about 270 bytes with keys of their own; the first part begins with the header.</summary>
    private sealed class Lines
    {
        private static readonly string Padding = string.Concat(Enumerable.Repeat("The quick brown fox jumps over the lazy dog. ", 5));

        public long Rows { get; private set; }

        /// <summary>Whole lines of at least so many bytes.</summary>
        public byte[] Next(int bytes)
        {
            var text = new StringBuilder(bytes + Padding.Length + 100);
            if (Rows == 0)
            {
                text.Append("id,visitor,amount,at,note\n");
            }

            while (text.Length < bytes)
            {
                text.Append(CultureInfo.InvariantCulture, $"{Rows},visitor-{Rows % 1_000_003},{Rows % 10_000}.{Rows % 100:00},2026-03-01T{Rows % 24:00}:{Rows % 60:00}:00Z,{Padding}\n");
                Rows++;
            }

            return Encoding.ASCII.GetBytes(text.ToString());
        }
    }
}
