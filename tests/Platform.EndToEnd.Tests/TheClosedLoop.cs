using System.Text.Json.Nodes;
using Platform.CampaignStandIns;
using Platform.Testing;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>Recipients out, states and responses back (L1-L9), through the gateway, with a partner on a real OpenSSH server.</summary>
public sealed class TheClosedLoop(RunningPlatform platform, SshServer server) : IClassFixture<SshServer>
{
    private const long Wave = 46623317811;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Recipients_are_sent_responses_come_back_and_soft_bounces_are_written_to_again()
    {
        using var user = await PlatformUser.OfAsync(platform);
        var folder = server.PathOf(Guid.CreateVersion7().ToString("n"));
        await using var campaign = new CampaignStandIn(new() { Folder = folder, Every = TimeSpan.FromMilliseconds(100) }, TimeProvider.System);
        campaign.Start();
        var connection = await ConnectionAsync(user, folder);
        Assert.True((bool)(await user.PostAsync($"/api/campaigns/connections/{connection}/test"))["success"]!);
        string[] people = ["open", "auto", "click", "hard", "soft", "never", "leave", "reply", "away", "late"];
        var dispatch = await user.PostAsync("/api/campaigns/dispatches", new JsonObject
        {
            ["listId"] = await ListAsync(user, connection),
            ["sourceMailingId"] = 44018617811,
            ["waveId"] = Wave,
            ["send"] = true,
            ["recipients"] = new JsonArray([.. people.Select(word => (JsonNode)new JsonObject { ["Email"] = $"{word}.ann@example.com", ["First name"] = "Ann \"A\"; of Kerry" })]),
        });
        var sent = await SentAsync(user, dispatch);

        var responses = $"/api/campaigns/connections/{connection}/responses";
        await user.PutAsync(responses, new JsonObject { ["settleSeconds"] = 0, ["enabled"] = false });
        var report = await ReportAsync(user, connection, sent);
        Assert.Equal((9, 1, 6, 1, 2), (Figure(report, "sent"), Figure(report, "notSent"), Figure(report, "delivered"), Figure(report, "hardBounces"), Figure(report, "softBounces")));
        Assert.Equal((4, 1, 1, 3, 1, 2), (Figure(report, "opens"), Figure(report, "automaticOpens"), Figure(report, "clicks"), Figure(report, "totalClicks"), Figure(report, "unsubscribes"), Figure(report, "responses")));
        Assert.Equal((string)dispatch["id"]!, (string)report["dispatchId"]!);
        var source = (string)(await user.GetAsync($"/api/campaigns/connections/{connection}"))["settings"]!["responseSource"]!;
        await Until.Is(
            () => platform.AskAsync($"{source}:WaveReport", "select concat_ws(' ', wave_id, joined_by, mailing_ids, sent, hard_bounces, opens, total_clicks) from {table} where wave_id is not null"),
            figures => figures == $"{Wave} log {{{sent["mailingId"]}}} 9 1 4 3", Patience, Cancelled);
        var told = await Until.Is(() => user.GetAsync($"/api/notifications?dispatchId={dispatch["id"]}"), found => found["items"]!.AsArray().Count >= 4, Patience, Cancelled);
        Assert.Equal(["dispatchImported", "dispatchSending", "dispatchSent", "dispatchUploaded"], told["items"]!.AsArray().Select(one => (string)one!["event"]!).Order(StringComparer.Ordinal));

        var again = await SentAsync(user, await user.PostAsync($"/api/campaigns/dispatches/{dispatch["id"]}/resend", new JsonObject { ["send"] = true }));
        Assert.Equal((string)dispatch["id"]!, (string)again["originId"]!);
        var second = await ReportAsync(user, connection, again);
        Assert.Equal((2, 2, 0), (Figure(second, "sent"), Figure(second, "delivered"), Figure(second, "softBounces")));
        Assert.Equal(["late.ann@example.com", "soft.ann@example.com"], campaign.Mailings[1].Recipients.Select(recipient => recipient.Email).Order(StringComparer.Ordinal));
    }

    private async Task<string> ConnectionAsync(PlatformUser user, string folder)
    {
        var credential = await user.PostAsync("/api/credentials", new JsonObject
        {
            ["name"] = user.Unique("campaign"),
            ["type"] = "sftp",
            ["fields"] = new JsonObject { ["host"] = "127.0.0.1", ["port"] = server.Port, ["user"] = server.User, ["privateKey"] = server.PrivateKey, ["hostKey"] = server.HostKey },
        });
        var settings = new JsonObject
        {
            ["host"] = "127.0.0.1",
            ["port"] = server.Port,
            ["credentialId"] = (string)credential["id"]!,
            ["recipientDirectory"] = $"{folder}/in",
            ["logDirectory"] = $"{folder}/log",
            ["errorDirectory"] = $"{folder}/err",
            ["responseDirectory"] = $"{folder}/out",
            ["responseSource"] = user.Unique("Loop"),
            ["checkIntervalSeconds"] = 1,
        };
        return (string)(await user.PostAsync("/api/campaigns/connections", new JsonObject { ["name"] = user.Unique("loop"), ["settings"] = settings }))["id"]!;
    }

    private static async Task<string> ListAsync(PlatformUser user, string connection)
    {
        var fields = new Agreement { Folder = "" }.Fields.Select(field => (JsonNode)new JsonObject
        {
            ["name"] = field.Name,
            ["type"] = field.Type == AgreedType.Varchar ? "varchar" : "bigint",
            ["length"] = field.Type == AgreedType.Varchar ? field.Length : null,
        });
        var list = (string)(await user.PostAsync("/api/campaigns/recipient-lists", new JsonObject { ["name"] = user.Unique("list"), ["connectionId"] = connection, ["fields"] = new JsonArray([.. fields]) }))["id"]!;
        await user.PostAsync($"/api/campaigns/recipient-lists/{list}/versions/1/confirm", new JsonObject { ["side"] = "us" });
        await user.PostAsync($"/api/campaigns/recipient-lists/{list}/versions/1/confirm", new JsonObject { ["side"] = "partner", ["reference"] = "test" });
        return list;
    }

    private static async Task<JsonNode> SentAsync(PlatformUser user, JsonNode dispatch)
    {
        string[] final = ["sent", "invalid", "failed", "import-failed", "start-failed"];
        var ended = await Until.Is(() => user.GetAsync($"/api/campaigns/dispatches/{dispatch["id"]}"), found => final.Contains((string)found["state"]!), Patience, Cancelled);
        Assert.Equal("sent", (string)ended["state"]!);
        return ended;
    }

    /// <summary>The report of the dispatch's mailing. The partner exports after it has told that the mailing is sent, so one import may come too early.</summary>
    private static async Task<JsonNode> ReportAsync(PlatformUser user, string connection, JsonNode dispatch)
    {
        var responses = $"/api/campaigns/connections/{connection}/responses";
        var mailings = await Until.Is(
            async () =>
            {
                var run = (string)(await user.PostAsync($"{responses}/import", new JsonObject()))["runId"]!;
                await Until.Is(async () => (await user.GetAsync(responses))["imports"]!.AsArray().Single(one => (string)one!["runId"]! == run)!, found => found["endedAt"] is not null, Patience, Cancelled);
                return await user.GetAsync($"/api/campaigns/reports/{connection}/mailings");
            }, found => found["items"]!.AsArray().Any(report => IsOf(report!, dispatch)), Patience, Cancelled);
        return mailings["items"]!.AsArray().Single(report => IsOf(report!, dispatch))!;
    }

    private static bool IsOf(JsonNode report, JsonNode dispatch) => (long)report["mailingId"]! == (long)dispatch["mailingId"]!;

    private static int Figure(JsonNode report, string name) => (int)report[name]!;
}
