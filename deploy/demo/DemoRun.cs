using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Platform.Demo;

/// <summary>
/// The main job of the seed "Pull from Optimizely", step by step, as a user would do it: credential, test, courier, sample files, feeds, load operations, run, look at
/// the tables. Every step can be repeated: what is there already is used as it is.
/// </summary>
internal sealed class DemoRun(DemoOptions options)
{
    private static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly List<JsonNode> _finished = [];

    /// <summary>True when every run succeeded, the groups' too, and every count balanced.</summary>
    public async Task<bool> RunAsync()
    {
        var folder = options.Data ?? Directory.CreateTempSubdirectory("platform-demo-").FullName;
        try
        {
            if (options.Data is null)
            {
                await EnrichedEvents.GenerateAsync(folder, DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime).AddDays(-1));
            }

            using var bucket = new Bucket(options);
            var partitions = await bucket.UploadAsync(folder);
            if (partitions.Count == 0)
            {
                throw new DemoFailedException($"Below '{folder}' nothing is laid out like account_id=…/type=…/[date=…/].");
            }

            Step($"Optimizely's side: s3://{Bucket.Name}/v1/ holds");
            foreach (var partition in partitions)
            {
                Console.WriteLine($"    {partition}: {partition.Files} files, {partition.Bytes:N0} bytes");
            }

            using var api = new PlatformApi(options.Gateway, options.ApiKey);
            var credential = await CredentialAsync(api);
            var feeds = new Dictionary<string, JsonNode>();

            // Dated partitions first: their files show every column, those of the path included, to the feeds that are made from them.
            foreach (var group in partitions.GroupBy(partition => (partition.Account, Dated: partition.Date is not null)).OrderByDescending(group => group.Key.Dated))
            {
                await PullAsync(api, credential, group.Key.Account, [.. group], feeds);
            }

            var groupsRan = await new GroupDemo(api, bucket, credential).RunAsync();
            await ShowTablesAsync(api, feeds.Values);
            if (feeds.TryGetValue("decisions", out var decisions))
            {
                await new BrevoStep(api).RunAsync((string)decisions["domainTable"]!, feeds.TryGetValue("events", out var events) ? (string)events["domainTable"]! : null);
            }

            var looped = await new CampaignStep(api, options).RunAsync();
            return Summarize() && groupsRan && looped;
        }
        finally
        {
            if (options.Data is null)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private async Task<string> CredentialAsync(PlatformApi api)
    {
        Step("Create the credential and test it");
        var fields = new JsonObject
        {
            ["accessKey"] = options.S3AccessKey,
            ["secretKey"] = options.S3SecretKey,
            ["region"] = Bucket.Region,
            ["endpoint"] = options.S3.ToString(),
        };
        var body = new JsonObject { ["name"] = "Optimizely export bucket", ["type"] = "iam-credential", ["fields"] = fields };
        var known = await api.FindAsync("/api/credentials", "name", "Optimizely export bucket");
        var credential = known is null ? await api.PostAsync("/api/credentials", body) : await api.PutAsync($"/api/credentials/{known["id"]}", body);
        var id = (string)credential["id"]!;
        var test = await api.PostAsync($"/api/credentials/{id}/test", new JsonObject { ["bucket"] = Bucket.Name, ["prefix"] = "v1/" });
        Console.WriteLine($"    {test["message"]}");
        return (bool)test["success"]! ? id : throw new DemoFailedException("the credential's test did not succeed");
    }

    private async Task PullAsync(PlatformApi api, string credential, string account, List<Partition> partitions, Dictionary<string, JsonNode> feeds)
    {
        var types = partitions.Select(partition => partition.Type).Distinct().Order().ToList();
        var dated = partitions[0].Date is not null;
        var name = $"Optimizely {account}{(dated ? "" : " (undated)")}";
        Step($"Courier '{name}'");
        var body = new JsonObject
        {
            ["name"] = name,
            ["sourceType"] = "optimizely-events",
            ["credentialId"] = credential,
            ["settings"] = new JsonObject { ["bucket"] = Bucket.Name, ["accountId"] = account, ["types"] = new JsonArray([.. types.Select(type => (JsonNode)type)]) },
            ["entities"] = new JsonArray(),
            ["loadOperations"] = new JsonObject(),
        };
        var known = await api.FindAsync("/api/couriers", "name", name);
        var courier = known ?? await api.PostAsync("/api/couriers", body);
        var path = $"/api/couriers/{courier["id"]}";

        var missing = types.Where(type => !feeds.ContainsKey(type)).ToList();
        if (missing.Count > 0)
        {
            Step("Land sample files: a run without load operations, then a feed from each");
            await api.PutAsync(path, body.DeepClone());
            await RunAsync(api, path, dated ? new JsonObject { ["mode"] = "day", ["date"] = Day(partitions.Max(partition => partition.Date)!.Value) } : new JsonObject { ["mode"] = "all" });
            foreach (var type in missing)
            {
                feeds[type] = await FeedAsync(api, type, (string)courier["id"]!);
            }
        }

        Step("Replace the load operations and run");
        body["loadOperations"] = new JsonObject(types.Select(type => KeyValuePair.Create<string, JsonNode?>(
            (string)feeds[type]["id"]!, new JsonArray(new JsonObject { ["type"] = "load", ["file"] = type }))));
        await api.PutAsync(path, body.DeepClone());
        foreach (var request in Requests(partitions))
        {
            _finished.Add(await RunAsync(api, path, request));
        }
    }

    private static IEnumerable<JsonObject> Requests(List<Partition> partitions) => partitions[0].Date is null
        ? [new JsonObject { ["mode"] = "all" }]
        : partitions.Select(partition => partition.Date!.Value).Distinct().Order().Select(date => new JsonObject { ["mode"] = "day", ["date"] = Day(date) });

    private static async Task<JsonNode> FeedAsync(PlatformApi api, string type, string courier)
    {
        var name = CultureInfo.InvariantCulture.TextInfo.ToTitleCase(type);
        var known = await api.FindAsync("/api/feeds", "domainTable", $"Optimizely:{name}");
        if (known is not null)
        {
            return known;
        }

        var landed = await api.GetAsync($"/api/landed-files?courierId={courier}&tag={type}&limit=1");
        var sample = landed["items"]!.AsArray().FirstOrDefault() ?? throw new DemoFailedException($"no file with the tag '{type}' was landed");
        var feed = await api.PostAsync("/api/feeds", new JsonObject
        {
            ["source"] = "Optimizely",
            ["name"] = name,
            ["sampleFileId"] = (string)sample["fileId"]!,
            ["primaryKey"] = new JsonArray("uuid"),
            ["lastUpdatedField"] = "process_timestamp",
        });
        var id = (string)feed["id"]!;
        Console.WriteLine($"    inferred from {sample["fileName"]}: {string.Join(", ", feed["draft"]!["fields"]!.AsArray().Select(field => $"{field!["name"]} {field["type"]}"))}");

        var draft = feed["draft"]!.DeepClone();
        foreach (var field in draft["fields"]!.AsArray())
        {
            if ((string)field!["name"]! == "date")
            {
                field["type"] = "date";
            }

            if (SemanticTag((string)field["name"]!) is { } tag)
            {
                field["semanticTags"] = new JsonArray(tag);
            }
        }

        await api.PutAsync($"/api/feeds/{id}", draft);
        return await api.PostAsync($"/api/feeds/{id}/activate", new JsonObject { ["loadSample"] = false });
    }

    private static string? SemanticTag(string field) => field switch
    {
        "uuid" => "pk",
        "visitor_id" => "fk-visitor",
        "session_id" => "session",
        "event_name" => "event",
        _ => null,
    };

    private static async Task<JsonNode> RunAsync(PlatformApi api, string courier, JsonObject request)
    {
        var run = await api.PostAsync($"{courier}/runs", request);
        var path = $"/api/courier-runs/{run["id"]}";
        var shown = "";
        for (var poll = 0; ; poll++)
        {
            run = await api.GetAsync(path);
            var progress = run["progress"];
            var line = $"    {run["id"]}: {run["state"]}, {run["phase"]}, {progress?["files"]}/{progress?["filesTotal"]} files, {progress?["bytes"]} bytes, {progress?["rowsRead"]} rows";
            if (line != shown)
            {
                Console.WriteLine(line);
                shown = line;
            }

            switch ((string)run["state"]!)
            {
                case "succeeded":
                    Console.WriteLine($"    {run["message"]}");
                    return run;
                case "failed" or "cancelled":
                    throw new DemoFailedException($"run {run["id"]} {run["state"]}: {run["message"]}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(poll < 20 ? 100 : 500));
        }
    }

    private static async Task ShowTablesAsync(PlatformApi api, IEnumerable<JsonNode> feeds)
    {
        foreach (var feed in feeds)
        {
            var name = (string)feed["domainTable"]!;
            var path = $"/api/domain-tables/{Uri.EscapeDataString(name)}";
            var table = await api.GetAsync(path);
            Step($"Domain table \"{name}\": {table["rowCount"]} rows");
            var rows = await api.GetAsync($"{path}/rows?limit=2");
            foreach (var row in rows["items"]!.AsArray())
            {
                Console.WriteLine($"    {Shortened(row!.ToJsonString(Readable))}");
            }
        }
    }

    private bool Summarize()
    {
        Step("What happened");
        var balanced = true;
        foreach (var run in _finished)
        {
            var rows = run["rows"]!;
            long Count(string name) => (long)rows[name]!;
            var fates = Count("inserted") + Count("updated") + Count("unchanged") + Count("superseded") + Count("rejected");
            var fits = fates == Count("read");
            balanced &= fits;
            Console.WriteLine($"    {run["id"]}: {run["progress"]!["filesTotal"]} files; {Count("read")} rows read {(fits ? "=" : "IS NOT")} {Count("inserted")} inserted + {Count("updated")} updated"
                + $" + {Count("unchanged")} unchanged + {Count("superseded")} superseded + {Count("rejected")} rejected. {run["message"]}");
        }

        return balanced;
    }

    private static string Day(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static string Shortened(string text) => text.Length <= 400 ? text : $"{text[..400]}…";

    private static void Step(string title) => Console.WriteLine($"{Environment.NewLine}== {title}");
}
