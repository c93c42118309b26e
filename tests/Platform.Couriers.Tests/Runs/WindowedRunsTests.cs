using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Contracts.Feeds;
using Xunit;

namespace Platform.Couriers.Tests.Runs;

/// <summary>What a courier group's run asks for (S3): slot 2 May 08:30, offset 24 hours.</summary>
public sealed class WindowedRunsTests(CouriersApp app)
{
    private const string Pattern = "'in/users-'yyyy-MM-dd'.csv'";
    private static readonly DateTimeOffset Slot = new(2024, 5, 2, 8, 30, 0, TimeSpan.Zero);

    [Fact]
    public async Task Files_from_slot_minus_offset_through_the_slot_are_taken_in_date_order()
    {
        var bucket = await app.NewBucketAsync();
        foreach (var day in new[] { "2024-05-03", "2024-05-02", "2024-04-30", "2024-05-01" })
        {
            await app.PutAsync(bucket, $"in/users-{day}.csv", day);
        }

        var run = await EndedAsync(await AskAsync(await app.CreateAsync(app.NewS3Courier(bucket, Pattern))));

        Assert.Equal("succeeded", (string)run["state"]!);
        Assert.Equal(["in/users-2024-05-01.csv", "in/users-2024-05-02.csv"], (await app.FilesOfAsync((string)run["id"]!)).Select(file => (string)file["key"]!));
    }

    [Fact]
    public async Task The_newest_file_of_the_window_satisfies()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/users-2024-05-01.csv", "x");

        var run = await EndedAsync(await AskAsync(await app.CreateAsync(app.NewS3Courier(bucket, Pattern))));

        Assert.Equal("succeeded", (string)run["state"]!);
        Assert.Null(run["missingFiles"]);
    }

    [Fact]
    public async Task Nothing_in_the_window_is_told_by_the_name_that_was_expected()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/users-2024-04-30.csv", "x");

        var run = await EndedAsync(await AskAsync(await app.CreateAsync(app.NewS3Courier(bucket, Pattern))));

        Assert.Equal("failed", (string)run["state"]!);
        Assert.StartsWith($"No file matches {Pattern} from 2024-05-01 through 2024-05-02", (string)run["message"]!);
        Assert.Contains("'users-2024-04-30.csv'", (string)run["message"]!);
        Assert.Equal([$"s3://{bucket}/in/users-2024-05-02.csv"], (await ToldAsync(run)).MissingFiles);
    }

    [Fact]
    public async Task Days_before_the_window_need_their_files_each()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/users-2024-04-29.csv", "x");
        await app.PutAsync(bucket, "in/users-2024-05-01.csv", "x");
        var courier = await app.CreateAsync(app.NewS3Courier(bucket, Pattern));

        var run = await EndedAsync(await AskAsync(courier, firstDay: new(2024, 4, 29)));
        Assert.Equal([$"s3://{bucket}/in/users-2024-04-30.csv"], (await ToldAsync(run)).MissingFiles);

        await app.PutAsync(bucket, "in/users-2024-04-30.csv", "x");
        Assert.Equal("succeeded", (string)(await EndedAsync(await AskAsync(courier, firstDay: new(2024, 4, 29))))["state"]!);
    }

    [Fact]
    public async Task A_late_file_is_waited_for_without_a_worker_and_its_arrival_ends_the_wait()
    {
        var bucket = await app.NewBucketAsync();
        var courier = await app.CreateAsync(app.NewS3Courier(bucket, Pattern));
        var id = await AskAsync(courier, wait: TimeSpan.FromMinutes(10));
        var waiting = await Testing.Until.Is(() => app.GetRunAsync(id), run => run["nextLookAt"] is not null, null, TestContext.Current.CancellationToken);
        Assert.Equal("queued", (string)waiting["state"]!);
        Assert.Contains($"for late files: s3://{bucket}/in/users-2024-05-02.csv; looks again at", (string)waiting["message"]!);

        // The courier is free meanwhile.
        await app.PutAsync(bucket, "in/users-2024-03-03.csv", "x");
        await app.RunAsync(courier, new { mode = "day", date = "2024-03-03" });
        Assert.DoesNotContain((string)(await app.GetRunAsync(id))["state"]!, (string[])["succeeded", "failed"]);

        await app.PutAsync(bucket, "in/users-2024-05-02.csv", "x");
        var run = await app.WaitAsync(id);
        Assert.Null(run["missingFiles"]);
        Assert.Equal(1, (int)run["files"]!["total"]!);
        Assert.Null((await ToldAsync(run)).MissingFiles);
    }

    [Fact]
    public async Task When_the_wait_is_over_the_run_fails_or_goes_on_without()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/other-2024-05-02.csv", "x");
        var body = app.NewS3Courier(bucket, Pattern);
        body["entities"]!.AsArray().Add(new JsonObject
        {
            ["object/type"] = "file",
            ["object/file-pattern"] = "'in/other-'yyyy-MM-dd'.csv'",
            ["object/land-as"] = new JsonObject { ["file/tag"] = "other", ["file/content-type"] = "text/csv" },
        });
        var courier = await app.CreateAsync(body);
        var (stops, goesOn) = (await AskAsync(courier, wait: TimeSpan.FromSeconds(1)), await AskAsync(courier, wait: TimeSpan.FromSeconds(1), skip: true));

        Assert.Equal([$"s3://{bucket}/in/users-2024-05-02.csv"], (await ToldAsync(await app.WaitAsync(stops, "failed"))).MissingFiles);
        var run = await app.WaitAsync(goesOn);
        Assert.Equal(1, (int)run["files"]!["total"]!);
        Assert.Contains("It was passed over", (string)Assert.Single(run["warnings"]!.AsArray())!);
        Assert.Equal([$"s3://{bucket}/in/users-2024-05-02.csv"], (await ToldAsync(run)).MissingFiles);
    }

    [Fact]
    public async Task A_waiting_run_can_be_cancelled()
    {
        var id = await AskAsync(await app.CreateAsync(app.NewS3Courier(await app.NewBucketAsync(), Pattern)), wait: TimeSpan.FromMinutes(10));
        await Testing.Until.Is(() => app.GetRunAsync(id), run => run["nextLookAt"] is not null, null, TestContext.Current.CancellationToken);

        await app.PostAsync($"/api/courier-runs/{id}/cancel", null, HttpStatusCode.Accepted);

        await app.WaitAsync(id, "cancelled");
    }

    [Fact]
    public async Task What_an_earlier_run_loaded_is_not_loaded_again()
    {
        var bucket = await app.NewBucketAsync();
        var feed = $"df-{bucket[^6..]}";
        app.Sisters.Feeds[feed] = true;
        await app.PutAsync(bucket, "in/users-2024-05-01.csv", "x");
        var body = app.NewS3Courier(bucket, Pattern);
        body["loadOperations"] = new JsonObject { [feed] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = "rows" }) };
        var courier = await app.CreateAsync(body);
        await LoadedAsync(await AskAsync(courier), feed);

        await app.PutAsync(bucket, "in/users-2024-05-02.csv", "x");
        var second = await LoadedAsync(await AskAsync(courier), feed);
        Assert.Equal(["in/users-2024-05-02.csv"], (await app.FilesOfAsync((string)second["id"]!)).Select(file => (string)file["key"]!));
        Assert.Contains("1 file was left out", (string)Assert.Single(second["warnings"]!.AsArray())!);

        // Nothing new is nothing to load, and no fault; a file written anew is new.
        var third = await app.WaitAsync(await AskAsync(courier));
        Assert.Empty(third["loads"]!.AsArray());
        await app.PutAsync(bucket, "in/users-2024-05-01.csv", "another");
        var fourth = await LoadedAsync(await AskAsync(courier), feed);
        Assert.Equal(["in/users-2024-05-01.csv"], (await app.FilesOfAsync((string)fourth["id"]!)).Select(file => (string)file["key"]!));
    }

    [Fact]
    public async Task A_day_being_written_is_left_out_when_an_earlier_one_is_complete_and_awaited_when_none_is()
    {
        const string events = $"{CouriersApp.Account}/type=events";
        var bucket = await app.NewBucketAsync();
        var courier = app.NewOptimizelyCourier(bucket);
        courier["settings"]!["types"] = new JsonArray("events");
        var id = await app.CreateAsync(courier);
        await app.PutAsync(bucket, $"{events}/date=2024-05-02/event=a/part-0.parquet", "x");
        var first = await AskAsync(id, wait: TimeSpan.FromMinutes(10));
        var waiting = await Testing.Until.Is(() => app.GetRunAsync(first), run => run["nextLookAt"] is not null, null, TestContext.Current.CancellationToken);
        Assert.Equal([$"s3://{bucket}/{events}/date=2024-05-02/_SUCCESS"], waiting["missingFiles"]!.AsArray().Select(file => (string)file!));

        await app.PutAsync(bucket, $"{events}/date=2024-05-01/event=a/part-0.parquet", "x");
        await app.PutAsync(bucket, $"{events}/date=2024-05-01/_SUCCESS", "");
        var run = await app.WaitAsync(first);
        Assert.Contains("date=2024-05-01", (string)Assert.Single(await app.FilesOfAsync(first))["key"]!);
        Assert.Contains("_SUCCESS is missing there", (string)Assert.Single(run["warnings"]!.AsArray())!);
    }

    [Fact]
    public async Task Runs_by_hand_have_offsets_and_waits_too()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/users-2024-05-01.csv", "x");
        var courier = await app.CreateAsync(app.NewS3Courier(bucket, Pattern));

        var run = await app.RunAsync(courier, new { mode = "day", date = "2024-05-02", offset = "24 hours", timeZone = "America/New_York" });
        Assert.Equal(("2024-05-01T04:00:00+00:00", "2024-05-03T03:59:59.999999+00:00"), ((string)run["acceptFrom"]!, (string)run["acceptThrough"]!));

        var id = await app.StartAsync(courier, new { mode = "day", date = "2024-05-04", wait = "10 minutes" });
        await Testing.Until.Is(() => app.GetRunAsync(id), waiting => waiting["nextLookAt"] is not null, null, TestContext.Current.CancellationToken);
        await app.PutAsync(bucket, "in/users-2024-05-04.csv", "x");
        await app.WaitAsync(id);
    }

    [Fact]
    public async Task Windows_and_waits_that_cannot_be_read_are_refused_together()
    {
        var courier = await app.CreateAsync(app.NewS3Courier("some-bucket", Pattern));

        var refused = await app.PostAsync($"/api/couriers/{courier}/runs", new JsonObject { ["mode"] = "all", ["offset"] = "1 day", ["wait"] = "soon", ["timeZone"] = "Berlin" }, HttpStatusCode.BadRequest);

        Assert.Equal(["$.offset", "$.timeZone", "$.wait"], refused["errors"]!.AsArray().Select(error => (string)error!["path"]!).Order());
        var run = await EndedAsync(await AskAsync(courier, zone: "Mars/Olympus"));
        Assert.Contains("'Mars/Olympus' is no time zone", (string)run["message"]!);
    }

    [Fact]
    public async Task Sisters_learn_which_couriers_are_gone()
    {
        var (kept, gone) = (await app.CreateAsync(app.NewS3Courier("some-bucket", Pattern)), await app.CreateAsync(app.NewS3Courier("some-bucket", Pattern)));
        await app.Client.DeleteAsync($"/api/couriers/{gone}", TestContext.Current.CancellationToken);

        var answer = await app.AsService("scheduler").PostAsJsonAsync("/internal/couriers/resolve", new { ids = new[] { kept, gone } }, TestContext.Current.CancellationToken).ReadAsync(HttpStatusCode.OK);

        Assert.Equal([gone], answer["missing"]!.AsArray().Select(id => (string)id!));
        Assert.Equal(HttpStatusCode.Forbidden, (await app.Client.PostAsJsonAsync("/internal/couriers/resolve", new { ids = Array.Empty<string>() }, TestContext.Current.CancellationToken)).StatusCode);
        Assert.StartsWith($"There is no courier '{gone}'; it may have been deleted.", (await ToldAsync(await EndedAsync(await AskAsync(gone)))).Message);
    }

    private async Task<string> AskAsync(string courier, DateOnly? firstDay = null, TimeSpan? wait = null, bool skip = false, string? zone = null)
    {
        var run = new RunCourier
        {
            RunId = $"run-{Guid.CreateVersion7():n}",
            CourierId = courier,
            Mode = RunMode.Period,
            Start = firstDay ?? new(2024, 5, 1),
            End = new(2024, 5, 3),
            AcceptFrom = Slot.AddDays(-1),
            AcceptThrough = Slot,
            FileTimeZone = zone,
            WaitUntil = wait is null ? null : TimeProvider.System.GetUtcNow() + wait,
            SkipMissingFiles = skip,
            GroupRunId = "gr-test",
            RequestedBy = "courier group test",
        };
        await app.Feeds.PublishAsync(run);
        await Testing.Until.True(async () => (await app.Client.GetAsync($"/api/courier-runs/{run.RunId}")).IsSuccessStatusCode, null, TestContext.Current.CancellationToken);
        return run.RunId;
    }

    private Task<JsonObject> EndedAsync(string id) =>
        Testing.Until.Is(() => app.GetRunAsync(id), run => run["endedAt"] is not null, null, TestContext.Current.CancellationToken);

    private async Task<CourierRunEnded> ToldAsync(JsonObject run)
    {
        await CouriersApp.Eventually(() => app.Feeds.Ended.Any(ended => ended.RunId == (string)run["id"]!));
        return app.Feeds.Ended.First(ended => ended.RunId == (string)run["id"]!);
    }

    private async Task<JsonObject> LoadedAsync(string id, string feed)
    {
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(id).Count == 1);
        await app.Feeds.SucceedAsync(app.Feeds.LoadOf(id, feed), new RowCounts { Read = 1, Inserted = 1 });
        return await app.WaitAsync(id);
    }
}
