using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Amazon.S3.Model;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>
/// <c>pull</c> of quality.md: objects from S3 into the landing store, listed, streamed, hashed and entered into the ledger, from the call that starts the run to the first answer that says it succeeded;
/// beside it rclone and <c>aws s3 cp</c> fetching the same objects into a folder of the same disk.
/// </summary>
internal static class Pull
{
    private const int SmallObject = 64 * 1024;
    private const int Part = 16 << 20;
    private const int Uploads = 16;
    private const long Gigabyte = 1L << 30;

    /// <summary>Many small objects; <c>--objects N</c>.</summary>
    public static async Task<Result> SmallAsync(string[] options)
    {
        var objects = options is ["--objects", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 10_000;
        return await MeasureAsync("pull", $"platform, {objects:N0} objects of 64 KB landed", "small/", objects, async s3 =>
        {
            var content = RandomNumberGenerator.GetBytes(SmallObject);
            await Parallel.ForEachAsync(Enumerable.Range(0, objects), new ParallelOptions { MaxDegreeOfParallelism = Uploads }, async (i, token) =>
                await s3.Client.PutObjectAsync(new PutObjectRequest { BucketName = s3.Bucket, Key = $"small/part-{i:00000}.csv", InputStream = new MemoryStream(content), UseChunkEncoding = false }, token));
            return (long)objects * SmallObject;
        });
    }

    /// <summary>One large object; <c>--megabytes N</c>.</summary>
    public static async Task<Result> LargeAsync(string[] options)
    {
        var bytes = options is ["--megabytes", var text] ? long.Parse(text, CultureInfo.InvariantCulture) << 20 : 2 * Gigabyte;
        return await MeasureAsync("pull-large", $"platform, one object of {bytes >> 20:N0} MB landed", "large/", 1, async s3 =>
        {
            await UploadAsync(s3, "large/object.csv", bytes);
            return bytes;
        });
    }

    private static async Task<Result> MeasureAsync(string benchmark, string measured, string prefix, int objects, Func<S3Server, Task<long>> upload)
    {
        Console.WriteLine("Starting the platform ...");
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        Console.WriteLine("Uploading ...");
        var bytes = await upload(platform.S3);
        using var api = new PublicApi(await platform.ClientAsync());
        var courier = await CreateCourierAsync(api, platform.S3, prefix);

        // Each in turn, three times, and the fastest of each: the first one warms what the others use.
        var seconds = new Dictionary<string, List<double>>();
        void Took(string who, double time) => (seconds.TryGetValue(who, out var times) ? times : seconds[who] = []).Add(time);
        for (var round = 1; round <= 3; round++)
        {
            Console.WriteLine($"Round {round}: platform ...");
            Took("platform", await PullAsync(api, courier, objects, bytes));
            foreach (var (program, arguments) in Others(platform.S3, prefix, objects))
            {
                Console.WriteLine($"Round {round}: {program} ...");
                using var folder = new TemporaryFolder();
                Took(program, await FetchAsync(platform.S3, program, [.. arguments, folder.Path + "/"], bytes, folder.Path));
            }
        }

        var best = seconds.ToDictionary(pair => pair.Key, pair => Math.Round(pair.Value.Min(), 3));
        var (yardstick, fastest) = best.Where(pair => pair.Key != "platform").MinBy(pair => pair.Value);
        return new()
        {
            Benchmark = benchmark,
            Measured = measured,
            Yardstick = $"{yardstick}, the faster of {string.Join(" and ", best.Keys.Where(name => name != "platform"))}",
            MeasuredSeconds = best["platform"],
            YardstickSeconds = fastest,
            Goal = 1,
            Details = new Dictionary<string, object>
            {
                ["objects"] = objects,
                ["bytes"] = bytes,
                ["allSeconds"] = System.Text.Json.JsonSerializer.SerializeToNode(seconds.ToDictionary(pair => pair.Key, pair => pair.Value.Select(time => Math.Round(time, 3))))!,
                ["couriersPeakMegabytes"] = platform.PeakMemoryOf("couriers") / 1_000_000,
            },
        };
    }

    private static async Task<double> PullAsync(PublicApi api, string courier, int objects, long bytes)
    {
        var watch = Stopwatch.StartNew();
        var run = await api.RunAsync(courier, new JsonObject { ["mode"] = "all", ["force"] = true }, TimeSpan.FromMinutes(30));
        var seconds = watch.Elapsed.TotalSeconds;
        return (string)run["state"]! == "succeeded" && (int)run["files"]!["pulled"]! == objects && (long)run["progress"]!["bytes"]! == bytes
            ? seconds
            : throw new InvalidOperationException($"The run was to land {objects} objects of {bytes} bytes: {run.ToJsonString()}");
    }

    // As many transfers at a time as the platform has by default, and no more checks than it makes itself: both compare what arrived with the ETag where it is an MD5.
    private static IEnumerable<(string Program, string[] Arguments)> Others(S3Server s3, string prefix, int objects)
    {
        yield return ("rclone", ["copy", "--transfers", "8", "--checkers", "8", $"bench:{s3.Bucket}/{prefix}"]);
        yield return ("aws", objects == 1
            ? ["s3", "cp", "--only-show-errors", "--endpoint-url", s3.Endpoint, $"s3://{s3.Bucket}/{prefix}object.csv"]
            : ["s3", "cp", "--only-show-errors", "--recursive", "--endpoint-url", s3.Endpoint, $"s3://{s3.Bucket}/{prefix}"]);
    }

    // Keys go by the environment, where other processes do not see them.
    private static async Task<double> FetchAsync(S3Server s3, string program, string[] arguments, long bytes, string folder)
    {
        var info = new ProcessStartInfo(program, arguments)
        {
            Environment =
            {
                ["RCLONE_CONFIG"] = "/dev/null",
                ["RCLONE_CONFIG_BENCH_TYPE"] = "s3",
                ["RCLONE_CONFIG_BENCH_PROVIDER"] = "Ceph",
                ["RCLONE_CONFIG_BENCH_ENDPOINT"] = s3.Endpoint,
                ["RCLONE_CONFIG_BENCH_ACCESS_KEY_ID"] = s3.AccessKey,
                ["RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY"] = s3.SecretKey,
                ["AWS_ACCESS_KEY_ID"] = s3.AccessKey,
                ["AWS_SECRET_ACCESS_KEY"] = s3.SecretKey,
                ["AWS_DEFAULT_REGION"] = S3Server.Region,
            },
        };
        // rclone's S3 library ends when this is set, even where nothing is encrypted.
        info.Environment.Remove("AWS_CA_BUNDLE");
        var watch = Stopwatch.StartNew();
        using var process = Process.Start(info)!;
        await process.WaitForExitAsync();
        var seconds = watch.Elapsed.TotalSeconds;
        var there = Directory.EnumerateFiles(folder).Sum(file => new FileInfo(file).Length);
        return process.ExitCode == 0 && there == bytes
            ? seconds
            : throw new InvalidOperationException($"{program} ended with {process.ExitCode} and {there} of {bytes} bytes.");
    }

    /// <summary>An object of CSV lines, in parts, so that it never lies in memory as a whole.</summary>
    internal static async Task UploadAsync(S3Server s3, string key, long bytes, Func<int, byte[]>? parts = null)
    {
        var upload = (await s3.Client.InitiateMultipartUploadAsync(s3.Bucket, key)).UploadId;
        var done = new List<PartETag>();
        var noise = RandomNumberGenerator.GetBytes(Part);
        for (var (part, left) = (1, bytes); left > 0; part++)
        {
            var content = parts?.Invoke(part) ?? noise[..(int)Math.Min(left, Part)];
            left -= content.Length;
            var put = await s3.Client.UploadPartAsync(new UploadPartRequest
            {
                BucketName = s3.Bucket,
                Key = key,
                UploadId = upload,
                PartNumber = part,
                InputStream = new MemoryStream(content),
                PartSize = content.Length,
                UseChunkEncoding = false,
            });
            done.Add(new(part, put.ETag));
        }

        await s3.Client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = s3.Bucket, Key = key, UploadId = upload, PartETags = done });
    }

    /// <summary>A courier for CSV files below a prefix, and its credential.</summary>
    internal static async Task<string> CreateCourierAsync(PublicApi api, S3Server s3, string prefix)
    {
        var credential = await api.PostAsync("/api/credentials", new JsonObject
        {
            ["name"] = "bucket",
            ["type"] = "iam-credential",
            ["fields"] = new JsonObject { ["accessKey"] = s3.AccessKey, ["secretKey"] = s3.SecretKey, ["region"] = S3Server.Region, ["endpoint"] = s3.Endpoint },
        });
        return (string)(await api.PostAsync("/api/couriers", new JsonObject
        {
            ["name"] = "objects",
            ["sourceType"] = "amazon-s3",
            ["credentialId"] = (string)credential["id"]!,
            ["settings"] = new JsonObject { ["bucket"] = s3.Bucket },
            ["entities"] = new JsonArray(new JsonObject
            {
                ["object/type"] = "file",
                ["object/file-pattern"] = $"'{prefix}*.csv'",
                ["object/land-as"] = new JsonObject { ["file/tag"] = "objects", ["file/content-type"] = "text/csv" },
            }),
            ["loadOperations"] = new JsonObject(),
        }))["id"]!;
    }
}
