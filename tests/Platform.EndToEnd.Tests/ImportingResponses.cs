using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>The response files of the closed loop, from the partner's SFTP server to domain tables (L7), through couriers and feeds as they run.</summary>
public sealed class ImportingResponses(RunningPlatform platform, SshServer server) : IClassFixture<SshServer>
{
    private const string Open = "5;2;11;7;ann@example.com;2021-07-01 12:07:55;Firefox 64.1;Windows 10;Desktop\n";

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private readonly DateOnly _today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Files_are_imported_column_by_column_once_and_what_is_odd_is_told()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var (connection, source, folder) = await ConnectAsync(user);
        var path = $"/api/campaigns/connections/{connection}/responses";
        await user.RefusedAsync(HttpStatusCode.NotFound, HttpMethod.Get, path);
        var set = await user.PutAsync(path, new JsonObject { ["timeOfDay"] = "05:30:00", ["settleSeconds"] = 1, ["files"] = new JsonObject { ["opens"] = "YYYYMMDD_opened.csv" } });
        Assert.Equal(8, set["kinds"]!.AsArray().Count);

        // With header row, the other name of a column, other order, a column nobody told of; without header row, with rows of the wrong kind; quotes, an empty file, a file that is being written.
        var yesterday = Day(-1);
        Put(folder, $"{yesterday}_mailings.csv", "mailingId;compoundMasterId;mailingGroupId;mailing.recipientLists;started;finished;language\n2;71206365463;7;58243723257;2021-01-01 12:07:55;2021-01-01 12:09:10;de\n");
        Put(folder, $"{yesterday}_mailingrecipients.csv", """
            "11";"2";"7";"ann@example.com";"2021-07-01 12:07:55";"sent";"OK";
            "12";"2";"7";"Bob@Example.com";"2021-07-01 12:07:55";"sent";"HARD";"fatal_bounce"
            "13";"2";"7";"cy@example.com";"2021-07-01 12:07:55";"sent";"PENDING";"never heard of"

            """);
        Put(folder, $"{yesterday}_opened.csv", Open + Open + "not;enough\n" + Open.Replace("2021-07-01 12:07:55", "tomorrow", StringComparison.Ordinal) + Open.Replace(";2;", ";4;", StringComparison.Ordinal));
        Put(folder, $"{yesterday}_clicks.csv", "linkId;mailingId;mailingToUserId;mailingGroupId;userId;created;click.browser;click.platform;click.device\n");
        Put(folder, $"{yesterday}_unsubscribes.csv", "created;userId;mailingId;mailingToUserId;BROADMAIL_ID\n2021-10-31 02:30:00;ann@example.com;2;11;7\n");
        Put(folder, $"{yesterday}_responses.csv.tmp", "half");
        var run = await ImportAsync(user, path);
        Assert.Equal("succeeded", (string)run["state"]!);

        Assert.Equal("2|71206365463|7|58243723257|2021-01-01 11:07:55+00|de", await AskAsync(source, "Mailings", "id, campaign_id, client_id, recipient_list_id, started, language"));
        Assert.Equal("11|2021-07-01 10:07:55+00|OK|,12|2021-07-01 10:07:55+00|HARD|fatal_bounce,13|2021-07-01 10:07:55+00|PENDING|never heard of", await AskAsync(source, "Recipients", "id, created, delivery_status, response_category"));
        Assert.Equal("2|5|11,2|5|11,4|5|11", await AskAsync(source, "Opens", "mailing_id, link_id, recipient_id"));
        Assert.Equal("2|11|7|2021-10-31 01:30:00+00", await AskAsync(source, "Unsubscribes", "mailing_id, recipient_id, client_id, created"));
        Assert.Equal("2|3|2|1|1|2|1|1", await AskAsync(source, "MailingReport", "mailing_id, sent, delivered, hard_bounces, opens, total_opens, unsubscribes, round(open_rate * 2)"));
        Assert.Equal("2|2021-07-01 10:00:00+00|2,2|2021-10-31 01:00:00+00|0,4|2021-07-01 10:00:00+00|1", await AskAsync(source, "HourlyReport", "mailing_id, hour, total_opens"));
        Assert.Equal("", await AskAsync(source, "LinkReport", "name"));
        var orphans = await user.GetAsync($"/api/domain-tables/{Uri.EscapeDataString($"{source}:Opens")}/orphans");
        Assert.Equal(1, (int)orphans.AsArray().Single(orphan => (string)orphan!["field"]! == "mailing_id")!["orphans"]!);

        // Again, and by force: nothing changes. A late file and a re-written one are taken.
        Assert.Equal("succeeded", (string)(await ImportAsync(user, path))["state"]!);
        Assert.Equal("succeeded", (string)(await ImportAsync(user, path, force: true))["state"]!);
        Put(folder, $"{Day(-3)}_opened.csv", Open.Replace(";11;", ";13;", StringComparison.Ordinal));
        Put(folder, $"{yesterday}_opened.csv", Open + Open + Open.Replace(";2;", ";4;", StringComparison.Ordinal) + Open.Replace(";11;", ";12;", StringComparison.Ordinal));
        Assert.Equal("succeeded", (string)(await ImportAsync(user, path))["state"]!);
        Assert.Equal("2|5|11,2|5|11,2|5|12,2|5|13,4|5|11", await AskAsync(source, "Opens", "mailing_id, link_id, recipient_id"));

        var state = await Until.Is(() => user.GetAsync(path), found => (int)found["told"]!["bounced"]! == 1 && (int)found["told"]!["unsubscribed"]! == 1, Patience, Cancelled);
        var opens = Kind(state, "opens");
        Assert.Equal(("YYYYMMDD_opened.csv", $"{source}:Opens", 5), ((string)opens["file"]!, (string)opens["table"]!, (int)opens["rows"]!));
        Assert.Equal((3, false), ((int)opens["files"]![0]!["imports"]!, (bool)opens["files"]![0]!["late"]!));
        Assert.True((bool)opens["files"]![1]!["late"]!);
        Assert.Equal(["language"], Kind(state, "mailings")["extraColumns"]!.AsArray().Select(column => (string)column!));
        Assert.Equal([Iso(-3)], Kind(state, "mailings")["missingDays"]!.AsArray().Select(day => (string)day!));
        Assert.Empty(Kind(state, "responses")["files"]!.AsArray());
        Assert.Equal([Iso(-2)], state["emptyDays"]!.AsArray().Select(day => (string)day!));

        // The views do not keep a table from being deleted, and stand again after the next set-up.
        await user.DeleteAsync($"/api/feeds/{opens["feedId"]}?withData=true");
        await user.PutAsync(path, new JsonObject { ["enabled"] = false });
        Assert.Equal("2|0", await AskAsync(source, "MailingReport", "mailing_id, opens"));
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_is_named_and_stops_no_other()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var (connection, source, folder) = await ConnectAsync(user);
        var path = $"/api/campaigns/connections/{connection}/responses";
        await user.PutAsync(path, new JsonObject { ["settleSeconds"] = 0, ["enabled"] = false });
        Put(folder, $"{Day(0)}_opens.csv", Open + "5;2;11;7;\"never closed");
        Put(folder, $"{Day(0)}_unsubscribes.csv", "2;11;7;ann@example.com;2021-07-01 12:07:55\n");
        Assert.Equal("failed", (string)(await ImportAsync(user, path))["state"]!);
        Assert.Equal("2", await AskAsync(source, "Unsubscribes", "mailing_id"));
        var state = await user.GetAsync(path);
        var file = Kind(state, "opens")["files"]![0]!;
        Assert.Equal("failed", (string)file["state"]!);
        Assert.Contains("opens a quote", (string)file["reason"]!);

        var problem = await user.RefusedAsync(HttpStatusCode.BadRequest, HttpMethod.Put, path, new StringContent(
            """{"timeZone":"Mars","lookBackDays":0,"separator":"ab","encoding":"ebcdic","maxRejectedPercent":101,"settleSeconds":-1,"files":{"opens":"opens.csv","clicks":"{DATE}_links.csv"}}""",
            System.Text.Encoding.UTF8, "application/json"));
        Assert.Equal(8, problem["errors"]!.AsArray().Count);
    }

    private async Task<(string Connection, string Source, string Folder)> ConnectAsync(PlatformUser user)
    {
        var folder = server.PathOf(Guid.CreateVersion7().ToString("n"));
        Directory.CreateDirectory(folder);
        var credential = await user.PostAsync("/api/credentials", new JsonObject
        {
            ["name"] = user.Unique("campaign"),
            ["type"] = "sftp",
            ["fields"] = new JsonObject { ["host"] = "127.0.0.1", ["port"] = server.Port, ["user"] = server.User, ["privateKey"] = server.PrivateKey, ["hostKey"] = server.HostKey },
        });
        var source = user.Unique("R");
        var connection = await user.PostAsync("/api/campaigns/connections", new JsonObject
        {
            ["name"] = user.Unique("closed loop"),
            ["settings"] = new JsonObject { ["host"] = "127.0.0.1", ["port"] = server.Port, ["credentialId"] = (string)credential["id"]!, ["responseDirectory"] = folder, ["responseSource"] = source },
        });
        return ((string)connection["id"]!, source, folder);
    }

    private static async Task<JsonNode> ImportAsync(PlatformUser user, string path, bool force = false)
    {
        var run = (string)(await user.PostAsync($"{path}/import", new JsonObject { ["force"] = force }))["runId"]!;
        return await Until.Is(async () => (await user.GetAsync(path))["imports"]!.AsArray().Single(one => (string)one!["runId"]! == run)!, found => found["endedAt"] is not null, Patience, Cancelled);
    }

    private static void Put(string folder, string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);

    private static JsonNode Kind(JsonNode state, string kind) => state["kinds"]!.AsArray().Single(one => (string)one!["kind"]! == kind)!;

    private string Day(int offset) => _today.AddDays(offset).ToString("yyyyMMdd", CultureInfo.InvariantCulture);

    private string Iso(int offset) => _today.AddDays(offset).ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);

    private Task<string?> AskAsync(string source, string table, string columns) =>
        platform.AskAsync($"{source}:{table}", $"select coalesce(string_agg(concat_ws('|', {string.Join(", ", columns.Split(", ").Select(column => $"coalesce({column}::text, '')"))}), ',' order by concat_ws('|', {columns})), '') from {{table}}");
}
