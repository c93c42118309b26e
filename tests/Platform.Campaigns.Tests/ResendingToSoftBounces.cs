using System.Net;
using System.Text.Json.Nodes;
using Npgsql;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>L6: a mailing sent once more to those whose mail bounced softly, as a dispatch of its own that names its origin.</summary>
public sealed class ResendingToSoftBounces(CampaignsApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Soft_bounces_and_nobody_else_are_written_to_again_with_all_their_fields()
    {
        var (connection, source) = await ConnectAsync();
        string[] people = ["Quiet", "soft", "answered", "hard", "both", "left"];
        var recipients = new JsonArray([.. people.Select(name => (JsonNode)TestConnection.Recipient($"{name}@example.com", $"First \"{name}\"", "a;b"))]);
        var origin = await SentAsync(connection, recipients);
        var resend = $"/api/campaigns/dispatches/{origin}/resend";
        Assert.Equal("/problems/responses-missing", (string)(await connection.PostAsync(resend, new JsonObject(), HttpStatusCode.Conflict))["type"]!);

        await using (var responses = app.DomainTables.CreateCommand($"""
            create table domain."{source}:Recipients" (id bigint, mailing_id bigint, email text, sending_status text, delivery_status text, response_category text);
            create table domain."{source}:Responses" (mailing_id bigint, recipient_id bigint, category text);
            create table domain."{source}:Unsubscribes" (mailing_id bigint, recipient_id bigint, email text);
            insert into domain."{source}:Recipients" values (1, 77, 'quiet@example.com', 'sent', 'OK', null), (2, 77, 'SOFT@example.com', 'sent', 'SOFT', null), (3, 77, 'answered@example.com', 'sent', 'OK', null),
                (4, 77, 'hard@example.com', 'sent', 'HARD', null), (5, 77, 'both@example.com', 'sent', 'SOFT', null), (6, 77, 'left@example.com', 'sent', 'SOFT', null), (7, 76, 'quiet@example.com', 'sent', 'SOFT', null);
            insert into domain."{source}:Responses" values (77, 3, 'temporary_bounce'), (77, 5, 'fatal_bounce'), (76, 1, 'bounce');
            insert into domain."{source}:Unsubscribes" values (77, 6, 'Left@example.com');
            """))
        {
            await responses.ExecuteNonQueryAsync(Cancelled);
        }

        var created = await connection.PostAsync(resend, new JsonObject { ["send"] = true }, HttpStatusCode.Created);
        Assert.Equal((origin, "preparing"), ((string)created["originId"]!, (string)created["state"]!));
        await connection.StateAsync((string)created["id"]!, "uploaded");

        var files = connection.Files();
        Assert.Equal(2, files.Length);
        Assert.Equal(
            "\"soft@example.com\";\"44018617811\";\"46623317811\";;\"First \"\"soft\"\"\";\"a;b\"\n\"answered@example.com\";\"44018617811\";\"46623317811\";;\"First \"\"answered\"\"\";\"a;b\"\n",
            await connection.TextAsync("in", files[1]));

        // Of the same wave and not of the same line: they have been written to again already.
        var twice = await connection.PostAsync(resend, new JsonObject { ["send"] = true }, HttpStatusCode.Created);
        Assert.Equal(2, (int)(await connection.StateAsync((string)twice["id"]!, "invalid"))["rowsInvalid"]!);
    }

    [Fact]
    public async Task What_was_not_sent_or_bounced_for_nobody_is_refused()
    {
        var (connection, source) = await ConnectAsync();
        var waiting = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(), [TestConnection.Recipient("a@example.com")], send: false));
        Assert.Equal("/problems/dispatch-not-sent", (string)(await connection.PostAsync($"/api/campaigns/dispatches/{waiting}/resend", null, HttpStatusCode.Conflict))["type"]!);
        await connection.PostAsync("/api/campaigns/dispatches/dp-unknown/resend", null, HttpStatusCode.NotFound);
        var origin = await SentAsync(connection, [TestConnection.Recipient("b@example.com")]);
        await using (var responses = app.DomainTables.CreateCommand($"""
            create table domain."{source}:Recipients" (id bigint, mailing_id bigint, email text, sending_status text, delivery_status text, response_category text);
            insert into domain."{source}:Recipients" values (1, 77, 'b@example.com', 'sent', 'OK', null);
            """))
        {
            await responses.ExecuteNonQueryAsync(Cancelled);
        }

        Assert.Equal("/problems/no-soft-bounces", (string)(await connection.PostAsync($"/api/campaigns/dispatches/{origin}/resend", null, HttpStatusCode.Conflict))["type"]!);
        await connection.PostAsync($"/api/campaigns/dispatches/{origin}/resend", new JsonObject { ["sourceMailingId"] = 0 }, HttpStatusCode.BadRequest);
    }

    private async Task<(TestConnection Connection, string Source)> ConnectAsync()
    {
        var source = $"Resend {Guid.CreateVersion7():n}";
        return (await app.ConnectAsync(settings => settings["responseSource"] = source), source);
    }

    /// <summary>A dispatch whose mailing 77 was sent, as the partner's log file told.</summary>
    private async Task<string> SentAsync(TestConnection connection, JsonArray recipients)
    {
        var id = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(), recipients));
        await connection.StateAsync(id, "uploaded");
        await using var sent = app.Database.CreateCommand("update dispatches set state = 'sent', mailing_id = 77 where id = $1");
        sent.Parameters.Add(new NpgsqlParameter { Value = id });
        await sent.ExecuteNonQueryAsync(Cancelled);
        return id;
    }
}
