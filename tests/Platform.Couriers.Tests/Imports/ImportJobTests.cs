using System.Net;
using System.Text.Json.Nodes;
using Platform.Contracts.Feeds;
using Platform.Contracts.Scheduler;
using Platform.Testing;
using Xunit;

namespace Platform.Couriers.Tests.Imports;

/// <summary>Import jobs (R13): a courier, a feed and a schedule by one call; feeds and scheduler are played by the test.</summary>
public sealed class ImportJobTests(CouriersApp app)
{
    private const string Csv = "id,email,seen,points\n1,a@example.com,2024-01-31 07:30:05,5\n2,b@example.com,2024-01-31 08:00:00,7\n";

    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_problem_of_the_input_is_told_at_once()
    {
        var refused = await app.PostAsync("/api/import-jobs", new JsonObject
        {
            ["bucket"] = "NO",
            ["directory"] = "/in",
            ["file"] = "users*.csv",
            ["prefix"] = "users(",
            ["delimiter"] = "||",
            ["fields"] = new JsonArray("id", "ID", ""),
            ["key"] = new JsonArray((JsonNode?)null),
            ["timestampColumn"] = " ",
            ["keepUpdated"] = true,
            ["frequency"] = "yearly",
            ["timeOfDay"] = "25:00",
            ["timeZone"] = "Mars/Olympus",
        }, HttpStatusCode.BadRequest);

        var paths = refused["errors"]!.AsArray().Select(error => (string)error!["path"]!).ToHashSet();
        Assert.Equal(
            new HashSet<string>
            {
                "$.name", "$.credentialId", "$.stream", "$.bucket", "$.directory", "$.file", "$.prefix", "$.delimiter", "$.fields[1]", "$.fields[2]", "$.key[0]", "$.timestampColumn", "$.frequency", "$.timeOfDay", "$.timeZone",
            },
            paths);
    }

    [Theory]
    [InlineData("""{"file":"users.csv","frequency":"daily","diff":true}""", "$.frequency", "$.diff")]
    [InlineData("""{"file":"users.csv","keepUpdated":true,"frequency":"hourly","timeOfDay":"07:30"}""", "$.timeOfDay")]
    [InlineData("""{"file":"users.csv","keepUpdated":true,"timeZone":"Europe/Berlin"}""", "$.timeZone")]
    [InlineData("""{"file":"users.json","delimiter":";"}""", "$.delimiter")]
    [InlineData("""{"file":"users.json","keepUpdated":true}""", "$.file")]
    [InlineData("""{"file":"users"}""", "$.format")]
    [InlineData("""{"file":"users_20240131.csv","prefix":"groups"}""", "$.prefix")]
    [InlineData("""{"format":"csv"}""", "$.file")]
    [InlineData("""{"format":"csv","file":""}""", "$.file")]
    [InlineData("""{"file":"a\u0001.csv"}""", "$.file")]
    [InlineData("""{"format":"csv","directory":"in","file":"sub/"}""", "$.file", "$.file")]
    public async Task What_does_not_go_together_is_told(string input, params string[] paths)
    {
        var job = JsonNode.Parse(input)!.AsObject();
        (job["name"], job["credentialId"], job["bucket"], job["stream"]) = ("Users", "cred-good", "a-bucket", "Test:Users");

        var refused = await app.PostAsync("/api/import-jobs", job, HttpStatusCode.BadRequest);

        Assert.Equal(paths, refused["errors"]!.AsArray().Select(error => (string)error!["path"]!));
    }

    [Fact]
    public async Task Columns_that_the_file_lacks_and_a_stream_that_does_not_fit_are_named()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/users.csv", Csv);
        var job = NewJob(bucket, "in/users.csv");
        (job["fields"], job["key"], job["timestampColumn"]) = (new JsonArray("id", "name"), new JsonArray("key"), "email");
        var refused = await app.PostAsync("/api/import-jobs", job, HttpStatusCode.BadRequest);
        Assert.Equal(["$.fields[1]", "$.key[0]", "$.timestampColumn"], refused["errors"]!.AsArray().Select(error => (string)error!["path"]!));
        Assert.Contains("id, email, seen, points", (string)refused["errors"]![0]!["problem"]!);

        var stream = SisterServices.NewStream((string)job["stream"]!, ["id"], ["id", "email", "seen"]);
        app.Sisters.Add(stream);
        (job["fields"], job["key"], job["timestampColumn"]) = (new JsonArray("id", "points"), new JsonArray("points"), "seen");
        refused = await app.PostAsync("/api/import-jobs", job, HttpStatusCode.BadRequest);
        Assert.Equal(["$.key", "$.fields[1]", "$.timestampColumn", "$.fields"], refused["errors"]!.AsArray().Select(error => (string)error!["path"]!));
    }

    [Theory]
    [InlineData("bucket", "no-such-bucket-here", "$.bucket")]
    [InlineData("file", "in/other.csv", "$.file")]
    [InlineData("credentialId", "cred-nothere", "$.credentialId")]
    [InlineData("stream", "df-nothere", "$.stream")]
    public async Task What_is_not_there_is_named_by_its_place(string member, string value, string path)
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/users.csv", Csv);
        var job = NewJob(bucket, "in/users.csv");
        job[member] = value;

        var refused = await app.PostAsync("/api/import-jobs", job, HttpStatusCode.BadRequest);

        Assert.Equal(path, (string)Assert.Single(refused["errors"]!.AsArray())!["path"]!);
    }

    [Fact]
    public async Task The_first_row_of_a_csv_file_holds_the_names_also_where_everything_is_text()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "people.csv", "name,city\nAnna,Bonn\nBert,Kiel\n");
        var job = NewJob(bucket, "people.csv");

        await app.PostAsync("/api/import-jobs", job, HttpStatusCode.Created);

        Assert.Equal(["name", "city"], app.Sisters.Streams[(string)job["stream"]!]["columns"]!.AsArray().Select(column => (string)column!["name"]!));
    }

    [Fact]
    public async Task A_job_that_runs_once_makes_its_stream_and_completes()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "in/users.csv", Csv.Replace(',', '\t'));
        var job = NewJob(bucket, "in/users.csv");
        (job["delimiter"], job["fields"], job["key"], job["timestampColumn"]) = ("t", new JsonArray("email"), new JsonArray("id"), "seen");

        var created = await app.PostAsync("/api/import-jobs", job, HttpStatusCode.Created);
        Assert.Equal("active", (string)created["state"]!);
        var columns = app.Sisters.Streams[(string)job["stream"]!]["columns"]!.AsArray();
        Assert.Equal([("id", "integer"), ("email", "string"), ("seen", "datetime")], columns.Select(column => ((string)column!["name"]!, (string)column["type"]!)));

        var run = (string)created["lastRunId"]!;
        await SucceedAsync(run);
        var done = await StateAsync(created, "completed");
        Assert.Equal(1, (int)done["filesImported"]!);

        // The courier is the job's: it is neither changed nor deleted behind its back.
        var courier = $"/api/couriers/{created["courierId"]}";
        Assert.Equal(HttpStatusCode.Conflict, (await app.Client.DeleteAsync(courier, Cancelled)).StatusCode);
        await app.PutAsync(courier, await app.GetAsync(courier), HttpStatusCode.Conflict);
        Assert.Equal(HttpStatusCode.NoContent, (await app.Client.DeleteAsync($"/api/import-jobs/{created["id"]}", Cancelled)).StatusCode);
        await app.GetAsync(courier, HttpStatusCode.NotFound);
        await app.GetAsync($"/api/import-jobs/{created["id"]}", HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_sequence_of_json_is_taken_in_order_stops_without_a_next_file_and_is_resumed()
    {
        var bucket = await app.NewBucketAsync();
        foreach (var day in new[] { "20240130", "20240201", "20240131" })
        {
            await app.PutAsync(bucket, $"in/events_{day}.json", """{"id":1}""");
        }

        var job = NewJob(bucket, "in/events_20240131.json");
        (job["keepUpdated"], job["frequency"]) = (true, "hourly");
        var created = await app.PostAsync("/api/import-jobs", job, HttpStatusCode.Created);
        var first = await RegisteredAsync(created, 1);
        Assert.Equal((ScheduleFrequency.Hourly, true), (first.Frequency!.Value, first.StartAtOnce));

        // From the chosen file on: what is older does not belong to the sequence.
        var run = await DueAsync(created, first, Noon);
        Assert.Equal(["in/events_20240131.json", "in/events_20240201.json"], await KeysAsync(run));
        await SucceedAsync(run);
        await CouriersApp.Eventually(() => app.Feeds.Schedules.OfType<ScheduledWorkEnded>().Any(told => told.ScheduleId == first.ScheduleId && told.Slot == Noon));

        // The next one; one that comes late is told of and left out.
        await app.PutAsync(bucket, "in/events_20240202.json", """{"id":2}""");
        await app.PutAsync(bucket, "in/events_2024013112.json", """{"id":3}""");
        run = await DueAsync(created, first, Noon.AddHours(1));
        Assert.Equal(["in/events_20240202.json"], await KeysAsync(run));
        Assert.Contains("in/events_2024013112.json", (await app.GetRunAsync(run))["warnings"]!.ToJsonString());
        await SucceedAsync(run);
        await Until.Is(() => app.GetAsync($"/api/import-jobs/{created["id"]}"), found => ((string?)found["sequenceReached"])?.StartsWith("2024-02-02", StringComparison.Ordinal) == true, null, Cancelled);

        await DueAsync(created, first, Noon.AddHours(2));
        var stopped = await StateAsync(created, "stopped");
        Assert.Contains("No next file", (string)stopped["message"]!);
        await CouriersApp.Eventually(() => app.Feeds.Schedules.OfType<RemoveSchedule>().Any(told => told.ScheduleId == first.ScheduleId));

        await app.PutAsync(bucket, "in/events_20240203.json", """{"id":4}""");
        await app.PostAsync($"/api/import-jobs/{created["id"]}/resume", null, HttpStatusCode.OK);
        await app.PostAsync($"/api/import-jobs/{created["id"]}/resume", null, HttpStatusCode.Conflict);
        run = await DueAsync(created, await RegisteredAsync(created, 2), Noon.AddHours(3));
        Assert.Equal(["in/events_20240203.json"], await KeysAsync(run));
        await SucceedAsync(run);
        Assert.Equal("stopped", (string)(await app.PostAsync($"/api/import-jobs/{created["id"]}/stop", null, HttpStatusCode.OK))["state"]!);
    }

    [Fact]
    public async Task Csv_keeps_checking_and_takes_a_file_again_that_was_replaced()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "users.csv", Csv);
        var job = NewJob(bucket, "users.csv");
        (job["keepUpdated"], job["frequency"], job["timeOfDay"], job["timeZone"], job["diff"]) = (true, "weekly", "07:30", "Europe/Berlin", true);
        var created = await app.PostAsync("/api/import-jobs", job, HttpStatusCode.Created);
        var schedule = await RegisteredAsync(created, 1);
        Assert.Equal((ScheduleFrequency.Weekly, new TimeOnly(7, 30), "Europe/Berlin"), (schedule.Frequency!.Value, schedule.TimeOfDay!.Value, schedule.TimeZone));

        var first = await DueAsync(created, schedule, Noon);
        await SucceedAsync(first);
        var idle = await app.WaitAsync(await DueAsync(created, schedule, Noon.AddDays(7)));
        Assert.Equal(0, (int)idle["files"]!["total"]!);
        await CouriersApp.Eventually(() => app.Feeds.Schedules.OfType<ScheduledWorkEnded>().Any(told => told.ScheduleId == schedule.ScheduleId && told.Slot == Noon.AddDays(7)));
        Assert.Equal("active", (string)(await app.GetAsync($"/api/import-jobs/{created["id"]}"))["state"]!);

        await app.PutAsync(bucket, "users.csv", Csv + "3,c@example.com,2024-02-01 00:00:00,1\n");
        var again = await DueAsync(created, schedule, Noon.AddDays(14));
        await SucceedAsync(again);

        // With diff, those who load it are told the file before it.
        var landed = (await app.GetAsServiceAsync($"/internal/courier-runs/{first}/files"))["items"]![0]!;
        Assert.Null(landed["previous"]);
        var replaced = (await app.GetAsServiceAsync($"/internal/courier-runs/{again}/files"))["items"]![0]!;
        Assert.Equal((string)landed["file"]!["location"]!, (string)replaced["previous"]!["location"]!);

        // Replaced: the old schedule goes, a new one begins.
        job["timeOfDay"] = "08:00";
        await app.PutAsync($"/api/import-jobs/{created["id"]}", job);
        Assert.Equal(new TimeOnly(8, 0), (await RegisteredAsync(created, 2)).TimeOfDay);
        await CouriersApp.Eventually(() => app.Feeds.Schedules.OfType<RemoveSchedule>().Any(told => told.ScheduleId == schedule.ScheduleId));
    }

    private static JsonObject NewJob(string bucket, string file)
    {
        var name = $"Import {Guid.CreateVersion7():n}";
        return new() { ["name"] = name, ["credentialId"] = "cred-good", ["bucket"] = bucket, ["file"] = file, ["stream"] = $"Test:{name}" };
    }

    private async Task<RegisterSchedule> RegisteredAsync(JsonObject job, int generation)
    {
        var id = $"{job["id"]}/{generation}";
        await CouriersApp.Eventually(() => app.Feeds.Schedules.OfType<RegisterSchedule>().Any(told => told.ScheduleId == id));
        return app.Feeds.Schedules.OfType<RegisterSchedule>().First(told => told.ScheduleId == id);
    }

    /// <summary>The schedule is due; the id of the run that follows.</summary>
    private async Task<string> DueAsync(JsonObject job, RegisterSchedule schedule, DateTimeOffset slot)
    {
        var before = (string?)(await app.GetAsync($"/api/import-jobs/{job["id"]}"))["lastRunId"];
        await app.Feeds.PublishAsync(new ScheduleDue { ScheduleId = schedule.ScheduleId, Owner = schedule.Owner, Slot = slot, Trigger = GroupRunTrigger.Schedule });
        return (string)(await Until.Is(() => app.GetAsync($"/api/import-jobs/{job["id"]}"), found => (string?)found["lastRunId"] != before, null, Cancelled))["lastRunId"]!;
    }

    private async Task SucceedAsync(string run)
    {
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(run).Count == 1);
        await app.Feeds.SucceedAsync(app.Feeds.LoadsOf(run)[0], new RowCounts { Read = 2, Inserted = 2 });
        await app.WaitAsync(run);
    }

    private async Task<IEnumerable<string>> KeysAsync(string run)
    {
        await CouriersApp.Eventually(() => app.Feeds.LoadsOf(run).Count == 1);
        return (await app.FilesOfAsync(run)).Select(file => (string)file["key"]!);
    }

    private Task<JsonObject> StateAsync(JsonObject job, string state) =>
        Until.Is(() => app.GetAsync($"/api/import-jobs/{job["id"]}"), found => (string)found["state"]! == state, null, Cancelled);
}
