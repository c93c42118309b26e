using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;
using Platform.Testing;
using Xunit;

namespace Platform.Campaigns.Tests;

public sealed partial class SendingRecipients(CampaignsApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_file_on_the_server_is_the_dialect_of_the_interface_byte_for_byte()
    {
        var connection = await app.ConnectAsync();
        var list = await connection.ListAsync(new JsonObject { ["name"] = "product", ["type"] = "varchar", ["length"] = 20 });
        var odd = TestConnection.Recipient("O'Hara@example.com", "Zoë \"Z\"", "a;b");
        odd["Salutation"] = "";
        var id = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("user@example.com", "Ann"), odd]));

        var dispatch = await connection.StateAsync(id, "uploaded");

        var file = Assert.Single(connection.Files());
        Assert.Matches(SubscribersFile(), file);
        Assert.Equal(
            "\"user@example.com\";\"44018617811\";\"46623317811\";;\"Ann\";;\n"
            + "\"O'Hara@example.com\";\"44018617811\";\"46623317811\";\"\";\"Zoë \"\"Z\"\"\";\"a;b\";\n", await connection.TextAsync("in", file));
        Assert.Equal(["draft", "queued", "uploading", "uploaded"], dispatch["history"]!.AsArray().Select(change => (string)change!["state"]!));
        Assert.Contains("must stay New or Activation required", (string)dispatch["warnings"]![0]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dispatches_of_one_second_have_files_of_different_names()
    {
        var connection = await app.ConnectAsync();
        var list = await connection.ListAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, 5).Select(i => connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient($"user{i}@example.com")]))));
        foreach (var id in ids)
        {
            await connection.StateAsync(id, "uploaded");
        }

        Assert.Equal(5, connection.Files().Length);
        Assert.All(connection.Files(), file => Assert.Matches(SubscribersFile(), file));
    }

    [Fact]
    public async Task A_query_over_domain_tables_gives_the_recipients()
    {
        await using (var table = app.DomainTables.CreateCommand(
            """
            create table domain."CRM:People" (mail text, given text, n int);
            insert into domain."CRM:People" select 'p' || i || '@example.com', case when i % 2 = 0 then 'Given ' || i end, i from generate_series(1, 20000) as i;
            """))
        {
            await table.ExecuteNonQueryAsync(Cancelled);
        }

        var connection = await app.ConnectAsync();
        var dispatch = TestConnection.Dispatch(await connection.ListAsync(), null);
        dispatch["query"] = """select given as "first name", mail as email from domain."CRM:People" order by n -- all""";
        var id = await connection.DispatchAsync(dispatch);

        Assert.Equal(20_000, (long)(await connection.StateAsync(id, "uploaded"))["rowsWritten"]!);
        var lines = (await connection.TextAsync("in", connection.Files().Single())).Split('\n');
        Assert.Equal(20_001, lines.Length);
        Assert.Equal("\"p1@example.com\";\"44018617811\";\"46623317811\";;;", lines[0]);
        Assert.Equal("\"p20000@example.com\";\"44018617811\";\"46623317811\";;\"Given 20000\";", lines[19_999]);
    }

    [Theory]
    [InlineData("delete from domain.x returning 1 as email", "PostgreSQL refuses the query")]
    [InlineData("select 'a' as email; select 1", "PostgreSQL refuses the query")]
    [InlineData("select 'a' as email) as q; drop table x; select * from (select 1", "PostgreSQL refuses the query")]
    [InlineData("select 'a' as mail", "names 'mail', which the recipient list does not have")]
    [InlineData("select 'a' as \"First name\"", "lacks 'Email'")]
    [InlineData("select rolpassword as email from pg_authid", "The query may not do this")]
    public async Task A_query_that_is_no_selection_of_recipients_is_refused_with_the_cause(string query, string cause)
    {
        var connection = await app.ConnectAsync();
        var dispatch = TestConnection.Dispatch(await connection.ListAsync(), null);
        dispatch["query"] = query;
        var problem = await connection.PostAsync("/api/campaigns/dispatches", dispatch, HttpStatusCode.BadRequest);
        Assert.Equal("$.query", (string)problem["errors"]![0]!["path"]!);
        Assert.Contains(cause, (string)problem["errors"]![0]!["problem"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_uploaded_file_is_taken_by_column_names_or_by_order()
    {
        var connection = await app.ConnectAsync();
        var list = await connection.ListAsync();
        var byName = await connection.DispatchAsync(TestConnection.Dispatch(list, null));
        await connection.UploadRecipientsAsync(byName, "last name;EMAIL\r\n\"Multi \"\"quoted\"\"\";one@example.com\r\n;two@example.com");
        await connection.StateAsync(byName, "uploaded");
        var byOrder = await connection.DispatchAsync(TestConnection.Dispatch(list, null));
        await connection.UploadRecipientsAsync(byOrder, "\uFEFFthree@example.com,,,,A,B\n", "?header=false&separator=,");
        await connection.StateAsync(byOrder, "uploaded");

        var files = connection.Files();
        Assert.Equal("\"one@example.com\";\"44018617811\";\"46623317811\";;;\"Multi \"\"quoted\"\"\"\n\"two@example.com\";\"44018617811\";\"46623317811\";;;\n", await connection.TextAsync("in", files[0]));
        Assert.Equal("\"three@example.com\";\"44018617811\";\"46623317811\";;\"A\";\"B\"\n", await connection.TextAsync("in", files[1]));
    }

    [Fact]
    public async Task Every_problem_is_told_with_its_row_and_nothing_is_sent()
    {
        var connection = await app.ConnectAsync();
        var id = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(new JsonObject { ["name"] = "points", ["type"] = "integer" }), null));
        await connection.UploadRecipientsAsync(id, $"""
            Email;First name;points
            good@example.com;Ann;1
            no-address;Bob;2
            long@example.com;{new string('ü', 256)};3
            few@example.com;Cid
            GOOD@example.com;Dan;4
            ;Eve;5
            break@example.com;"two
            lines";6
            type@example.com;Fay;1.5
            bad@exa_mple.com;Gus;99999999999

            """.ReplaceLineEndings("\n"));

        var dispatch = await connection.StateAsync(id, "invalid");
        Assert.Equal((9, 8), ((int)dispatch["rowsRead"]!, (int)dispatch["rowsInvalid"]!));
        var problems = (await connection.GetAsync($"/api/campaigns/dispatches/{id}/problems")).AsArray().Select(problem => $"{problem!["row"]} {problem["field"]}: {problem["problem"]}").ToArray();
        Assert.Equal(
            [
                "3 Email: is no e-mail address such as user@example.com.",
                "4 First name: has 256 characters; First name takes 255.",
                "5 : has 2 fields where 3 are expected.",
                "6 Email: occurs in an earlier row already.",
                "7 Email: is empty, and must not be.",
                "8 First name: contains a line break. Remove it, or let the list replace or keep line breaks.",
                "9 points: is no whole number of 32 bits.",
                "10 Email: is no e-mail address such as user@example.com.",
                "10 points: is no whole number of 32 bits.",
            ], problems);
        Assert.Empty(connection.Files());
        await connection.PostAsync($"/api/campaigns/dispatches/{id}/send", new JsonObject(), HttpStatusCode.Conflict);
    }

    [Fact]
    public async Task Bad_rows_are_left_out_when_that_is_wanted()
    {
        var connection = await app.ConnectAsync();
        var dispatch = TestConnection.Dispatch(await connection.ListAsync(), [TestConnection.Recipient("good@example.com"), TestConnection.Recipient("bad")]);
        dispatch["invalidRows"] = "skip";
        var id = await connection.DispatchAsync(dispatch);
        Assert.Equal("1 recipients, 1 left out.", (string)(await connection.StateAsync(id, "uploaded"))["history"]![1]!["message"]!);
        Assert.StartsWith("\"good@example.com\"", await connection.TextAsync("in", connection.Files().Single()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_written_to_twice_in_a_wave()
    {
        var connection = await app.ConnectAsync();
        var list = await connection.ListAsync();
        await connection.StateAsync(await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("once@example.com")])), "uploaded");

        var again = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("ONCE@example.com")]));
        await connection.StateAsync(again, "invalid");
        Assert.Contains("is in this wave already", (string)(await connection.GetAsync($"/api/campaigns/dispatches/{again}/problems"))[0]!["problem"]!, StringComparison.Ordinal);
        await connection.StateAsync(await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("once@example.com")], wave: 2)), "uploaded");
    }

    [Fact]
    public async Task Nothing_is_sent_without_the_word_before_its_time_or_after_a_cancel()
    {
        var connection = await app.ConnectAsync();
        var list = await connection.ListAsync();
        var waiting = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("a@example.com")], send: false));
        var later = TestConnection.Dispatch(list, [TestConnection.Recipient("b@example.com")]);
        later["scheduledAt"] = "2099-01-01T00:00:00Z";
        var scheduled = await connection.DispatchAsync(later);
        var now = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("c@example.com")]));

        await connection.StateAsync(now, "uploaded");
        Assert.Equal("ready", (string)(await connection.GetDispatchAsync(waiting))["state"]!);
        Assert.Equal("queued", (string)(await connection.GetDispatchAsync(scheduled))["state"]!);
        Assert.Single(connection.Files());
        Assert.Equal("cancelled", (string)(await connection.PostAsync($"/api/campaigns/dispatches/{scheduled}/cancel", null))["state"]!);
        await connection.PostAsync($"/api/campaigns/dispatches/{scheduled}/send", new JsonObject(), HttpStatusCode.Conflict);
        await connection.PostAsync($"/api/campaigns/dispatches/{now}/cancel", null, HttpStatusCode.Conflict);
        await connection.PostAsync($"/api/campaigns/dispatches/{waiting}/send", new JsonObject());
        await connection.StateAsync(waiting, "uploaded");
        await connection.PostAsync($"/api/campaigns/dispatches/{waiting}/send", new JsonObject(), HttpStatusCode.Conflict);
        Assert.Equal(2, connection.Files().Length);
    }

    [Fact]
    public async Task Products_go_before_the_recipients_and_their_ids_are_checked()
    {
        var connection = await app.ConnectAsync();
        var list = await connection.ListAsync(new JsonObject { ["name"] = "offer", ["type"] = "varchar", ["length"] = 20, ["role"] = "product" });
        var id = await connection.DispatchAsync(TestConnection.Dispatch(list, null));
        using (var put = await app.Client.PutAsync($"/api/campaigns/dispatches/{id}/products", new StringContent("id;title\nP1;Shoe\n", null, "text/csv"), Cancelled))
        {
            Assert.Equal(HttpStatusCode.OK, put.StatusCode);
        }

        await connection.UploadRecipientsAsync(id, "Email;offer\na@example.com;P2\n");
        await connection.StateAsync(id, "invalid");
        var good = await connection.DispatchAsync(TestConnection.Dispatch(list, null));
        await app.Client.PutAsync($"/api/campaigns/dispatches/{good}/products", new StringContent("id;title\nP1;Shoe\n", null, "text/csv"), Cancelled);
        await connection.UploadRecipientsAsync(good, "Email;offer\na@example.com;P1\n");
        await connection.StateAsync(good, "uploaded");

        var files = connection.Files();
        Assert.Equal(2, files.Length);
        Assert.EndsWith("_products.csv", files[0], StringComparison.Ordinal);
        Assert.Equal("id;title\nP1;Shoe\n", await connection.TextAsync("in", files[0]));
        Assert.True(File.GetLastWriteTimeUtc(connection.PathOf("in", files[0])) <= File.GetLastWriteTimeUtc(connection.PathOf("in", files[1])));
    }

    [Fact]
    public async Task Files_are_forgotten_long_after_the_end_and_what_is_known_of_them_stays()
    {
        var connection = await app.ConnectAsync();
        var list = await connection.ListAsync();
        var id = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("kept@example.com")]));
        await connection.StateAsync(id, "uploaded");
        using (var kept = await app.Client.GetAsync($"/api/campaigns/dispatches/{id}/files/subscribers", Cancelled))
        {
            Assert.Equal(await connection.TextAsync("in", connection.Files().Single()), await kept.Content.ReadAsStringAsync(Cancelled));
        }

        await using (var later = app.Database.CreateCommand("update dispatches set changed_at = changed_at - interval '36 days' where id = $1"))
        {
            later.Parameters.Add(new NpgsqlParameter { Value = id });
            await later.ExecuteNonQueryAsync(Cancelled);
        }

        await Until.True(
            async () =>
            {
                using var answer = await app.Client.GetAsync($"/api/campaigns/dispatches/{id}/files/subscribers", Cancelled);
                return answer.StatusCode == HttpStatusCode.Gone;
            }, cancellationToken: Cancelled);
        Assert.Equal(64, ((string)(await connection.GetDispatchAsync(id))["files"]![0]!["sha256"]!).Length);
        var again = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("kept@example.com")]));
        Assert.Equal("invalid", (string)(await connection.StateAsync(again, "invalid"))["state"]!);
    }

    [Fact]
    public async Task An_order_of_fields_is_used_only_once_both_sides_agree()
    {
        var connection = await app.ConnectAsync();
        var list = await connection.ListAsync();
        JsonArray other = [Field("WAVE_ID", "bigint"), Field("broadmail_ID", "bigint"), Field("Email", "varchar")];
        await connection.PostAsync($"/api/campaigns/recipient-lists/{list}/versions", new JsonObject { ["fields"] = other }, HttpStatusCode.Created);
        await connection.StateAsync(await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("a@example.com")])), "uploaded");
        await connection.PostAsync($"/api/campaigns/recipient-lists/{list}/versions/2/confirm", new JsonObject { ["side"] = "partner" }, HttpStatusCode.BadRequest);
        await connection.ConfirmAsync(list, 2);
        await connection.StateAsync(await connection.DispatchAsync(TestConnection.Dispatch(list, [new JsonObject { ["Email"] = "b@example.com" }])), "uploaded");

        var files = connection.Files();
        Assert.StartsWith("\"a@example.com\";\"44018617811\"", await connection.TextAsync("in", files[0]), StringComparison.Ordinal);
        Assert.Equal("\"46623317811\";\"44018617811\";\"b@example.com\"\n", await connection.TextAsync("in", files[1]));

        static JsonObject Field(string name, string type) => new() { ["name"] = name, ["type"] = type, ["length"] = type == "varchar" ? 255 : null };
    }

    [Fact]
    public async Task A_login_that_is_refused_fails_the_dispatch_with_the_cause_and_it_can_be_sent_again()
    {
        var connection = await app.ConnectAsync(settings => settings["credentialId"] = "cred-refused");
        Assert.Contains("refused the login", (string)(await connection.PostAsync($"/api/campaigns/connections/{connection.Id}/test", null))["message"]!, StringComparison.Ordinal);
        var id = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(), [TestConnection.Recipient("a@example.com")]));
        Assert.Contains("refused the login", (string)(await connection.StateAsync(id, "failed"))["message"]!, StringComparison.Ordinal);

        await using (var mend = app.Database.CreateCommand("update connections set settings = jsonb_set(settings, '{credentialId}', '\"cred-sftp\"') where id = $1"))
        {
            mend.Parameters.Add(new NpgsqlParameter { Value = connection.Id });
            await mend.ExecuteNonQueryAsync(Cancelled);
        }

        Assert.True((bool)(await connection.PostAsync($"/api/campaigns/connections/{connection.Id}/test", null))["success"]!);
        await connection.PostAsync($"/api/campaigns/dispatches/{id}/send", new JsonObject());
        await connection.StateAsync(id, "uploaded");
        Assert.Single(connection.Files());
    }

    [GeneratedRegex(@"^20\d{12}_subscribers\.csv$")]
    private static partial Regex SubscribersFile();
}
