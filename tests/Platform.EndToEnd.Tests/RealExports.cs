using System.Globalization;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>Optimizely's own example exports arrive in the domain tables with the totals that are published for them.</summary>
public sealed class RealExports(RunningPlatform platform)
{
    [Fact]
    public async Task A_partitioned_day_has_its_published_totals_and_a_second_run_changes_nothing()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await new ExportBucket(platform.S3).PutFolderAsync(SharedData.Path("optimizely-enriched-events", "account_id=596780373-sep2020"), "596780373");
        var courier = await user.CourierAsync(await user.CredentialAsync(), "596780373", ["events"]);
        var landed = await user.RunAsync(courier, PlatformUser.Day("2020-09-14"));
        Assert.Equal("succeeded", (string)landed["state"]!);
        var feed = await user.FeedAsync(courier, "events");
        await user.LoadIntoAsync(courier, ("events", feed.Id));

        var run = await user.RunAsync(courier, PlatformUser.Day("2020-09-14"));
        Assert.Equal("succeeded", (string)run["state"]!);
        Assert.Matches("^Completed in ", (string)run["message"]!);
        Assert.Equal("2264 read, 2264 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(run));
        await HasTotalsAsync(feed.Table, Expected("expected-sep2020-add_to_cart.json")["events"]![0]!, null);
        Assert.Equal("2264", await platform.AskAsync(feed.Table, "select count(*) from {table} where \"date\"::text = '2020-09-14' and event = 'add_to_cart'"));

        var before = await platform.FingerprintAsync(feed.Table);
        var again = await user.RunAsync(courier, PlatformUser.Day("2020-09-14"));
        Assert.Equal("succeeded", (string)again["state"]!);
        Assert.Equal("2264 read, 0 inserted, 0 updated, 2264 unchanged, 0 superseded, 0 rejected", Counts(again));
        Assert.Equal(before, await platform.FingerprintAsync(feed.Table));
    }

    [Fact]
    public async Task An_undated_export_has_its_published_totals()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await new ExportBucket(platform.S3).PutFolderAsync(SharedData.Path("optimizely-enriched-events", "account_id=596780373-may2020"), "596780373-may2020");
        var courier = await user.CourierAsync(await user.CredentialAsync(), "596780373-may2020", ["decisions", "events"]);
        await user.RunAsync(courier, PlatformUser.All);
        var decisions = await user.FeedAsync(courier, "decisions");
        var events = await user.FeedAsync(courier, "events");
        await user.LoadIntoAsync(courier, ("decisions", decisions.Id), ("events", events.Id));

        var run = await user.RunAsync(courier, PlatformUser.All);
        Assert.Equal("succeeded", (string)run["state"]!);
        Assert.Equal("20110 read, 20110 inserted, 0 updated, 0 unchanged, 0 superseded, 0 rejected", Counts(run));
        var expected = Expected("expected-may2020.json");
        await HasTotalsAsync(decisions.Table, expected["decisions"]!, "attributes");
        await HasTotalsAsync(events.Table, expected["events"]![0]!, null);
        foreach (var row in expected["feature_experimentation_unique_visitors"]!.AsArray())
        {
            Assert.Equal(row!["visitors"]!.ToString(), await platform.AskAsync(decisions.Table,
                $"select count(distinct visitor_id) from {{table}} where experiment_id = '{row["experiment_id"]}' and variation_id = '{row["variation_id"]}'"));
        }
    }

    private async Task HasTotalsAsync(string table, JsonNode expected, string? attributes)
    {
        Task<string?> Ask(string expression) => platform.AskAsync(table, $"select {expression} from {{table}}");
        async Task Same(string name, string expression)
        {
            if (expected[name] is { } value)
            {
                Assert.Equal($"{name}: {value}", $"{name}: {await Ask(expression)}");
            }
        }

        await Same("rows", "count(*)");
        await Same("distinct_uuid", "count(distinct uuid)");
        await Same("distinct_visitors", "count(distinct visitor_id)");
        await Same("sum_revenue", "sum(revenue)");
        await Same("non_null_revenue", "count(revenue)");
        await Same("non_null_value", "count(value)");
        await Same("non_null_quantity", "count(quantity)");
        await Same("non_null_revision", "count(revision)");
        await Same("non_null_referer", "count(referer)");
        await Same("holdbacks", "count(*) filter (where is_holdback)");
        await Same("experiment_elements", "sum(jsonb_array_length(experiments))");
        await Same("tag_entries", "sum((select count(*) from jsonb_object_keys(tags)))");
        await Same("processed_before_timestamp", "count(*) filter (where process_timestamp < \"timestamp\")");
        foreach (var column in (string[])["timestamp", "process_timestamp"])
        {
            foreach (var edge in (string[])["min", "max"])
            {
                var instant = DateTime.Parse((string)expected[$"{edge}_{column}_utc"]!, CultureInfo.InvariantCulture);
                Assert.Equal(instant.ToString("yyyy-MM-dd HH:mm:ss.ffffff", CultureInfo.InvariantCulture), await Ask($"to_char({edge}(\"{column}\") at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"));
            }
        }

        if (attributes is not null)
        {
            await Same("attribute_elements", $"sum(jsonb_array_length({attributes}))");
        }

        if (expected["sum_value"] is { } sum)
        {
            Assert.Equal((double)sum, double.Parse((await Ask("sum(value)"))!, CultureInfo.InvariantCulture), 1e-6);
        }
    }

    internal static string Counts(JsonNode run)
    {
        var rows = run["rows"]!;
        return $"{rows["read"]} read, {rows["inserted"]} inserted, {rows["updated"]} updated, {rows["unchanged"]} unchanged, {rows["superseded"]} superseded, {rows["rejected"]} rejected";
    }

    private static JsonNode Expected(string file) => JsonNode.Parse(File.ReadAllText(SharedData.Path("optimizely-enriched-events", file)))!;
}
