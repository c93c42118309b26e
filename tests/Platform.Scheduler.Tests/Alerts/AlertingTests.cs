using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Platform.Contracts.Campaigns;
using Platform.Contracts.Couriers;
using Platform.Scheduler.Tests.Kit;
using Xunit;

namespace Platform.Scheduler.Tests.Alerts;

public sealed class AlertingTests(SchedulerApp app) : IClassFixture<SchedulerApp>
{
    private readonly string _name = $"g{Guid.CreateVersion7():n}";

    [Fact]
    public async Task A_failed_run_arrives_at_the_webhook_signed_and_once_more_after_a_refusal()
    {
        await using var sink = await WebhookSink.StartAsync();
        sink.Answers.Enqueue(503);
        var channel = await WebhookAsync(sink);
        await FailARunAsync((string)channel["id"]!);

        await Wait.Until(() => sink.Received.Count == 2);
        var (first, second) = (sink.Received.First(), sink.Received.Last());
        Assert.Equal(first.Id, second.Id);
        var expected = HMACSHA256.HashData(Convert.FromBase64String(((string)channel["secret"]!)["whsec_".Length..]), Encoding.UTF8.GetBytes($"{second.Id}.{second.Timestamp}.{second.Body}"));
        Assert.Equal($"v1,{Convert.ToBase64String(expected)}", second.Signature);
        var body = JsonNode.Parse(second.Body)!;
        Assert.Equal("courier-group.failed", (string?)body["type"]);
        Assert.Contains("3 columns", (string?)body["data"]!["why"]);

        await Wait.Until(async () => (string?)(await DeliveriesAsync(channel))[0]!["state"] == "delivered");
        Assert.Equal(2, (int)(await DeliveriesAsync(channel))[0]!["attempts"]!);
    }

    [Fact]
    public async Task A_target_that_is_gone_is_given_up_at_once()
    {
        await using var sink = await WebhookSink.StartAsync();
        sink.Answers.Enqueue(410);
        var channel = await WebhookAsync(sink);
        await FailARunAsync((string)channel["id"]!);
        var dead = await Wait.For(async () => (await app.GetAsync($"/api/alert-channels/{channel["id"]}/deliveries?state=dead"))["items"]!.AsArray(), items => items.Count == 1);
        Assert.Contains("status 410", (string?)dead[0]!["lastError"]);
    }

    [Fact]
    public async Task A_test_says_what_came_of_it_and_a_new_secret_signs_from_then_on()
    {
        await using var sink = await WebhookSink.StartAsync();
        var channel = await WebhookAsync(sink);
        var renewed = await app.PostAsync($"/api/alert-channels/{channel["id"]}/secret");
        Assert.NotEqual((string?)channel["secret"], (string?)renewed["secret"]);
        Assert.Null((await app.GetAsync($"/api/alert-channels/{channel["id"]}"))["secret"]);

        Assert.True((bool)(await app.PostAsync($"/api/alert-channels/{channel["id"]}/test"))["success"]!);
        var test = sink.Received.Single();
        var expected = HMACSHA256.HashData(Convert.FromBase64String(((string)renewed["secret"]!)["whsec_".Length..]), Encoding.UTF8.GetBytes($"{test.Id}.{test.Timestamp}.{test.Body}"));
        Assert.Equal($"v1,{Convert.ToBase64String(expected)}", test.Signature);

        sink.Answers.Enqueue(404);
        var refused = await app.PostAsync($"/api/alert-channels/{channel["id"]}/test");
        Assert.Equal((false, true), ((bool)refused["success"]!, ((string)refused["message"]!).Contains("status 404")));
    }

    [Fact]
    public async Task A_failed_run_arrives_by_mail()
    {
        await using var sink = new SmtpSink();
        var channel = await app.PostAsync("/api/alert-channels", Smtp(sink, "none"), HttpStatusCode.Created);
        await FailARunAsync((string)channel["id"]!, "Grüße aus Köln, eine Gruppe mit einem sehr langen Namen und Umlauten äöü");
        await Wait.Until(() => sink.Mails.Count == 1);
        var (from, to, mail) = sink.Mails.Single();
        Assert.Equal(("MAIL FROM:<alerts@example.com>", "RCPT TO:<ops@example.com> RCPT TO:<data@example.com>"), (from, string.Join(' ', to)));
        var (headers, body) = mail.ReplaceLineEndings("\n").Split("\n\n", 2) is [var head, var rest] ? (head, rest) : ("", "");
        Assert.All(headers.Split('\n'), line => Assert.InRange(line.Length, 1, 76));
        var subject = string.Concat(headers.Split("Subject: ")[1].Split("\nDate:")[0].Split("\n ").Select(word => Encoding.UTF8.GetString(Convert.FromBase64String(word["=?utf-8?B?".Length..^2]))));
        Assert.Contains("Umlauten äöü", subject);
        Assert.Contains("3 columns", Encoding.UTF8.GetString(Convert.FromBase64String(body.ReplaceLineEndings(""))));
    }

    [Fact]
    public async Task The_test_of_a_mail_server_names_what_is_wrong()
    {
        await using var sink = new SmtpSink { Refuses = "550 5.1.1 no such user" };
        var plain = await app.PostAsync("/api/alert-channels", Smtp(sink, "none"), HttpStatusCode.Created);
        Assert.Contains("refused RCPT TO:<ops@example.com>: 550 5.1.1 no such user", await TestAsync(plain));

        var secured = await app.PostAsync("/api/alert-channels", Smtp(sink, "startTls", "-tls"), HttpStatusCode.Created);
        Assert.Contains("does not offer STARTTLS", await TestAsync(secured));
        sink.OffersTls = true;
        Assert.Contains("certificate", await TestAsync(secured));
    }

    [Fact]
    public async Task A_credential_brings_server_and_sender_and_is_tried_without_a_mail()
    {
        await using var sink = new SmtpSink();
        var id = $"cred-{_name}";
        app.Credentials[id] = Credential(sink, "none");
        var channel = await app.PostAsync("/api/alert-channels", new { name = _name, smtp = new { to = new[] { "ops@example.com" }, credentialId = id } }, HttpStatusCode.Created);
        Assert.True((bool)(await app.PostAsync($"/api/alert-channels/{channel["id"]}/test"))["success"]!);
        Assert.Equal("MAIL FROM:<alerts@example.org>", sink.Mails.Single().From);

        var tested = await app.Couriers.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = id, CredentialType = "smtp" });
        Assert.Equal((true, "Connection successful"), (tested.Success, tested.Message));
        Assert.Single(sink.Mails);

        app.Credentials[$"{id}-secured"] = Credential(sink, "starttls");
        var refused = await app.Couriers.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = $"{id}-secured", CredentialType = "smtp" });
        Assert.Contains("does not offer STARTTLS", refused.Message);
        var gone = await app.Couriers.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = $"{id}-gone", CredentialType = "smtp" });
        Assert.Contains($"The credential {id}-gone cannot be had", gone.Message);

        JsonObject Credential(SmtpSink server, string security) => new()
        {
            ["type"] = "smtp",
            ["fields"] = new JsonObject
            {
                ["host"] = "127.0.0.1",
                ["port"] = server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ["security"] = security,
                ["from"] = "alerts@example.org",
            },
        };
    }

    [Fact]
    public async Task Targets_inside_and_addresses_that_could_end_a_header_are_refused()
    {
        await RefusedAsync(new { name = _name, webhook = new { url = "http://169.254.169.254/latest/meta-data" } }, "$.webhook.url");
        await RefusedAsync(new { name = _name, webhook = new { url = "http://[::ffff:169.254.169.254]/" } }, "$.webhook.url");
        await RefusedAsync(new { name = _name, webhook = new { url = "file:///etc/passwd" } }, "$.webhook.url");
        await RefusedAsync(new { name = _name, webhook = new { url = "https://user:secret@example.com/" } }, "$.webhook.url");
        await RefusedAsync(new { name = _name, smtp = new { host = "mail.example.com", from = "a@example.com\r\nBcc: b@example.com", to = new[] { "c@example.com" } } }, "$.smtp.from");
        await RefusedAsync(new { name = _name, smtp = new { host = "mail.example.com", from = "a@example.com", to = new[] { "c@example.com> SIZE=1" } } }, "$.smtp.to[0]");
        await RefusedAsync(new { name = _name, smtp = new { host = "127.0.0.1", from = "a@example.com", to = new[] { "c@example.com" }, security = "none", credentialId = "cred-1" } }, "$.smtp.credentialId");
        await RefusedAsync(new { name = _name }, "$");
        await RefusedAsync(new { name = _name, webhook = new { url = "https://example.com/" }, campaigns = new { on = Array.Empty<string>(), connections = new[] { "cn-1", "df-1" } } }, "$.campaigns.on", "$.campaigns.connections[1]");
    }

    [Fact]
    public async Task Each_state_of_a_dispatch_is_a_notification_and_channels_hear_of_those_they_want()
    {
        await using var sink = await WebhookSink.StartAsync();
        var (dispatch, connection) = ($"dp-{_name}", $"cn-{_name}");
        await app.PostAsync("/api/alert-channels", new { name = _name, webhook = new { url = sink.Url }, campaigns = new { connections = new[] { connection } } }, HttpStatusCode.Created);
        var other = await app.PostAsync("/api/alert-channels", new { name = $"{_name}-2", webhook = new { url = sink.Url }, campaigns = new { on = new[] { "dispatchSent" }, connections = new[] { "cn-other" } } }, HttpStatusCode.Created);
        Assert.Equal("dispatchSent", (string?)other["campaigns"]!["on"]![0]);

        var previous = DispatchState.Draft;
        foreach (var state in new[] { DispatchState.Queued, DispatchState.Uploading, DispatchState.Uploaded, DispatchState.Imported, DispatchState.Sending, DispatchState.Sent, DispatchState.ImportFailed, DispatchState.StartFailed, DispatchState.Invalid, DispatchState.Failed, DispatchState.Cancelled })
        {
            await app.Couriers.PublishAsync(new DispatchStateChanged { DispatchId = dispatch, ConnectionId = connection, State = state, Previous = previous, SourceMailingId = 44018617811, WaveId = 7, Message = $"because of {state}", ChangedAt = TimeProvider.System.GetUtcNow() });
            previous = state;
        }

        await app.Couriers.PublishAsync(new ResponsesMissing { ConnectionId = connection, RunId = $"run-{_name}", ImportFailed = false, NewestDate = new(2021, 1, 2), Message = "None came.", RequestedAt = TimeProvider.System.GetUtcNow() });
        var told = await Wait.For(async () => (await app.GetAsync($"/api/notifications?connectionId={connection}"))["items"]!.AsArray(), items => items.Count == 10);
        Assert.Equal(
            ["dispatchCancelled", "dispatchFailed", "dispatchImportFailed", "dispatchImported", "dispatchInvalid", "dispatchSending", "dispatchSent", "dispatchStartFailed", "dispatchUploaded", "responsesMissing"],
            told.Select(one => (string?)one!["event"]).Order(StringComparer.Ordinal));
        Assert.Equal(9, (await app.GetAsync($"/api/notifications?dispatchId={dispatch}"))["items"]!.AsArray().Count);
        var failed = told.Single(one => (string?)one!["event"] == "dispatchImportFailed")!;
        Assert.Equal(("error", "because of ImportFailed"), ((string?)failed["severity"], (string?)failed["why"]));
        Assert.Contains("source mailing 44018617811, wave 7", (string?)failed["what"]);
        Assert.Contains($"/api/campaigns/connections/{connection}/restart", (string?)failed["whatToDo"]);

        // An alert may come twice, under one id.
        await Wait.Until(() => sink.Received.DistinctBy(alert => alert.Id).Count() == 5);
        Assert.Equal(
            ["dispatch.failed", "dispatch.import-failed", "dispatch.invalid", "dispatch.start-failed", "responses.missing"],
            sink.Received.DistinctBy(alert => alert.Id).Select(alert => (string?)JsonNode.Parse(alert.Body)!["type"]).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task A_channel_that_a_group_uses_stays()
    {
        await using var sink = await WebhookSink.StartAsync();
        var channel = await WebhookAsync(sink);
        var group = await app.CreateGroupAsync(new { name = _name, couriers = new[] { new { courierId = "cr-1" } }, alerts = new { channels = new[] { (string)channel["id"]! } } });
        Assert.Equal(HttpStatusCode.Conflict, await app.DeleteAsync($"/api/alert-channels/{channel["id"]}"));
        await app.DeleteAsync($"/api/courier-groups/{group}");
        Assert.Equal(HttpStatusCode.NoContent, await app.DeleteAsync($"/api/alert-channels/{channel["id"]}"));
    }

    private async Task RefusedAsync(object channel, params string[] paths)
    {
        var problem = await app.PostAsync("/api/alert-channels", channel, HttpStatusCode.BadRequest);
        Assert.All(paths, path => Assert.Contains(path, problem["errors"]!.AsArray().Select(error => (string?)error!["path"])));
    }

    private async Task<string> TestAsync(JsonNode channel)
    {
        var result = await app.PostAsync($"/api/alert-channels/{channel["id"]}/test");
        Assert.False((bool)result["success"]!);
        return (string)result["message"]!;
    }

    private async Task<JsonArray> DeliveriesAsync(JsonNode channel) => (await app.GetAsync($"/api/alert-channels/{channel["id"]}/deliveries"))["items"]!.AsArray();

    private async Task<JsonNode> WebhookAsync(WebhookSink sink) => await app.PostAsync("/api/alert-channels", new { name = _name, webhook = new { url = sink.Url } }, HttpStatusCode.Created);

    private object Smtp(SmtpSink sink, string security, string suffix = "") => new
    {
        name = _name + suffix,
        smtp = new { host = "127.0.0.1", port = sink.Port, security, from = "alerts@example.com", to = new[] { "ops@example.com", "data@example.com" } },
    };

    private async Task FailARunAsync(string channel, string suffix = "")
    {
        app.Couriers.Answer = CouriersOnTheBus.Failure;
        var id = await app.CreateGroupAsync(new { name = _name + suffix, couriers = new[] { new { courierId = _name } }, alerts = new { channels = new[] { channel } } });
        await app.PostAsync($"/api/courier-groups/{id}/runs", expected: HttpStatusCode.Accepted);
        await app.UntilAsync(id, "failed");
    }
}
