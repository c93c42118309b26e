using System.Globalization;
using System.Text.Json.Nodes;
using Platform.Files.Engine;

namespace Platform.Demo;

/// <summary>
/// The seed's "Add to courier group": two couriers that run as a unit, the file of one late by design, and a second group that waits for the first. The late file arrives while the group waits, which
/// ends the wait; the second group starts after the first has succeeded. Can be repeated.
/// </summary>
internal sealed class GroupDemo(PlatformApi api, Bucket bucket, string credential)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);
    private readonly DateOnly _today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);

    /// <summary>True when all went as it should.</summary>
    public async Task<bool> RunAsync()
    {
        Step("A shop's files: a courier and a feed for each");
        var orders = await CourierAsync("orders");
        var refunds = await CourierAsync("refunds");
        await PutAsync("orders", _today);
        await bucket.DeleteAsync([Key("refunds", _today), Key("refunds", _today.AddDays(-1))]);

        Step("A courier group, and one that waits for it");
        var nightly = await GroupAsync(new JsonObject
        {
            ["name"] = "Shop nightly",
            ["cron"] = "30 8 * * *",
            ["timeZone"] = "Europe/Berlin",
            ["status"] = "enabled",
            ["couriers"] = new JsonArray(new JsonObject { ["courierId"] = orders }, new JsonObject { ["courierId"] = refunds, ["wait"] = "5 minutes" }),
            ["offset"] = "24 hours",
            ["overlap"] = "queue",
        });
        Console.WriteLine($"    {nightly["schedule"]}; next {string.Join(", ", nightly["nextRuns"]!.AsArray().Take(3).Select(next => (string)next!["local"]!))}");
        var report = await GroupAsync(new JsonObject
        {
            ["name"] = "Shop report",
            ["couriers"] = new JsonArray(new JsonObject { ["courierId"] = orders }),
            ["constraints"] = new JsonArray(new JsonObject { ["groupId"] = (string)nightly["id"]!, ["wait"] = "10 minutes" }),
            ["overlap"] = "queue",
        });

        Step("Run both by hand: the refunds are late");
        var downstream = await api.PostAsync($"/api/courier-groups/{report["id"]}/runs");
        Console.WriteLine($"    {downstream["groupName"]}: {downstream["message"]}");
        var waited = (string)downstream["state"]! == "waiting";
        var run = await api.PostAsync($"/api/courier-groups/{nightly["id"]}/runs");
        var late = (string)run["couriers"]![1]!["runId"]!;
        await UntilAsync($"/api/courier-runs?courierId={refunds}&limit=1", found => found["items"]!.AsArray().Any(newest => (string)newest!["id"]! == late));
        var waiting = await UntilAsync($"/api/courier-runs/{late}", found => found["nextLookAt"] is not null || found["endedAt"] is not null);
        Console.WriteLine($"    {waiting["message"]}");

        Step("The late file arrives");
        await PutAsync("refunds", _today);
        var ended = await UntilAsync($"/api/group-runs/{run["id"]}", found => found["endedAt"] is not null);
        Console.WriteLine($"    {ended["groupName"]}: {ended["state"]}. {ended["message"]}");
        var after = await UntilAsync($"/api/group-runs/{downstream["id"]}", found => found["endedAt"] is not null);
        Console.WriteLine($"    {after["groupName"]}: {after["state"]}, after {after["constraints"]![0]!["metBy"]}. {after["message"]}");
        return Succeeded(ended) && Succeeded(after) && (!waited || At(after, "startedAt") >= At(ended, "endedAt"));
    }

    /// <summary>A courier with load operations for a feed, which is made from a sample file dated before the group's window.</summary>
    private async Task<string> CourierAsync(string name)
    {
        var title = $"Shop {name}";
        var body = new JsonObject
        {
            ["name"] = title,
            ["sourceType"] = "amazon-s3",
            ["credentialId"] = credential,
            ["settings"] = new JsonObject { ["bucket"] = Bucket.Name },
            ["entities"] = new JsonArray(new JsonObject
            {
                ["object/type"] = "file",
                ["object/file-pattern"] = $"'shop/{name}-'yyyy-MM-dd'.parquet'",
                ["object/land-as"] = new JsonObject { ["file/tag"] = name, ["file/content-type"] = "application/x-parquet" },
            }),
            ["loadOperations"] = new JsonObject(),
        };
        var courier = await api.FindAsync("/api/couriers", "name", title) ?? await api.PostAsync("/api/couriers", body);
        var id = (string)courier["id"]!;
        var table = $"Shop:{CultureInfo.InvariantCulture.TextInfo.ToTitleCase(name)}";
        var feed = await api.FindAsync("/api/feeds", "domainTable", table) ?? await FeedAsync(id, name);
        body["loadOperations"] = new JsonObject { [(string)feed["id"]!] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = name }) };
        await api.PutAsync($"/api/couriers/{id}", body);
        return id;
    }

    private async Task<JsonNode> FeedAsync(string courier, string name)
    {
        var day = _today.AddDays(-3);
        await PutAsync(name, day);
        var run = await api.PostAsync($"/api/couriers/{courier}/runs", new JsonObject { ["mode"] = "day", ["date"] = Day(day) });
        var ended = await UntilAsync($"/api/courier-runs/{run["id"]}", found => found["endedAt"] is not null);
        if (!Succeeded(ended))
        {
            throw new DemoFailedException($"run {run["id"]}: {ended["message"]}");
        }

        var landed = await api.GetAsync($"/api/landed-files?runId={run["id"]}&limit=1");
        var feed = await api.PostAsync("/api/feeds", new JsonObject
        {
            ["source"] = "Shop",
            ["name"] = CultureInfo.InvariantCulture.TextInfo.ToTitleCase(name),
            ["sampleFileId"] = (string)landed["items"]![0]!["fileId"]!,
            ["primaryKey"] = new JsonArray("id"),
            ["lastUpdatedField"] = "updated",
        });
        return await api.PostAsync($"/api/feeds/{feed["id"]}/activate", new JsonObject { ["loadSample"] = false });
    }

    private async Task<JsonNode> GroupAsync(JsonObject body) => await api.FindAsync("/api/courier-groups", "name", (string)body["name"]!) is { } known
        ? await api.PutAsync($"/api/courier-groups/{known["id"]}", body)
        : await api.PostAsync("/api/courier-groups", body);

    private async Task PutAsync(string name, DateOnly day)
    {
        var file = Path.Combine(Path.GetTempPath(), $"platform-demo-{Guid.CreateVersion7():n}.parquet");
        try
        {
            using (var duckdb = DuckDb.OpenInMemory())
            {
                duckdb.Execute($"""
                    COPY (SELECT i AS id, DATE '{Day(day)}' AS day, (i % 90 + 0.5)::DECIMAL(10, 2) AS amount, (TIMESTAMP '{Day(day)} 00:00:00' + to_seconds(i))::TIMESTAMP_MS AS updated FROM range(500) t(i))
                    TO {DuckDb.Literal(file)} (FORMAT parquet)
                    """);
            }

            await bucket.PutAsync(Key(name, day), file);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> accepted)
    {
        var clock = TimeProvider.System;
        for (var since = clock.GetTimestamp(); clock.GetElapsedTime(since) < Patience; await Task.Delay(TimeSpan.FromMilliseconds(200)))
        {
            var found = await api.GetAsync(path);
            if (accepted(found))
            {
                return found;
            }
        }

        throw new DemoFailedException($"after {Patience.TotalMinutes:0} minutes {path} was still not where it should be");
    }

    private static bool Succeeded(JsonNode run) => (string)run["state"]! == "succeeded";

    private static DateTimeOffset At(JsonNode run, string name) => DateTimeOffset.Parse((string)run[name]!, CultureInfo.InvariantCulture);

    private static string Key(string name, DateOnly day) => $"shop/{name}-{Day(day)}.parquet";

    private static string Day(DateOnly date) => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private static void Step(string title) => Console.WriteLine($"{Environment.NewLine}== {title}");
}
