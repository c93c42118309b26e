using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.Credentials.Tests.Kinds;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Credentials.Tests.Endpoints;

public sealed class AskingForASecretTests(CredentialsApp app)
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9qGZ0yZ0S5h1JxkqYw1dQyq0Hn9l1x2o3p4q5r6s7t";

    [Fact]
    public async Task A_pasted_key_becomes_a_credential_that_the_requester_never_sees()
    {
        var key = KindsUnderTest.Key("openssh.key");
        var asked = await AskAsync($$"""{"name":"partner sftp","type":"sftp","labels":{"team":"growth"},"fields":{"host":"sftp.example.com","port":22,"hostKey":"{{HostKey}}"},"ask":["user","privateKey","passphrase"],"note":"Your <b>SFTP</b> key"}""");

        var page = await app.Stranger().GetAsync((string)asked["link"]!);
        var html = await page.Content.ReadAsStringAsync();
        Assert.Equal((HttpStatusCode.OK, "text/html"), (page.StatusCode, page.Content.Headers.ContentType!.MediaType));
        Assert.Contains("name=\"field.privateKey\"", html);
        Assert.Contains("Your &lt;b&gt;SFTP&lt;/b&gt; key", html);
        Assert.DoesNotContain("field.password", html);
        Assert.DoesNotContain("<script", html);

        var sent = await SendAsync(asked, ("user", "acme"), ("privateKey", key.ReplaceLineEndings("\r\n")), ("password", "not asked"));

        Assert.Equal(HttpStatusCode.OK, sent.StatusCode);
        var id = (string)asked["credentialId"]!;
        var credential = await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials/{id}");
        Assert.Equal(("partner sftp", "growth"), ((string)credential!["name"]!, (string)credential["labels"]!["team"]!));
        Assert.Equal("""["privateKey"]""", credential["secretFieldsSet"]!.ToJsonString());
        Assert.Equal(key, (string)(await app.FetchSecretAsync(id, "campaigns"))["fields"]!["privateKey"]!);
        Assert.Equal("received", (string)(await RequestAsync(asked))["state"]!);
        Assert.Equal("SecretRequested,SecretReceived,SecretFetched", await app.QueryAsync<string>($"select string_agg(action, ',' order by id) as \"Value\" from audit_entries where credential_id = {id}"));
    }

    [Fact]
    public async Task The_page_lets_the_browser_do_nothing_but_send_the_form()
    {
        var asked = await AskAsync("""{"name":"headers","type":"brevo-api-key"}""");

        var page = await app.Stranger().GetAsync((string)asked["link"]!);

        var policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy);
        Assert.Contains("form-action 'self'", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotContain("unsafe", policy);
        Assert.Equal("no-referrer", page.Headers.GetValues("Referrer-Policy").Single());
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(page.Headers.CacheControl!.NoStore);
        var html = await page.Content.ReadAsStringAsync();
        var style = html[(html.IndexOf("<style>", StringComparison.Ordinal) + 7)..html.IndexOf("</style>", StringComparison.Ordinal)];
        Assert.Contains(Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(style))), policy);
    }

    [Fact]
    public async Task A_link_changes_an_existing_credential_and_keeps_what_is_left_empty()
    {
        var id = await app.CreateAsync("rotated by link", "the-old-secret");
        var asked = await AskAsync($$"""{"credentialId":"{{id}}"}""");
        Assert.Equal("""["accessKey","secretKey","sessionToken"]""", asked["ask"]!.ToJsonString());

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(asked, ("secretKey", "the-new-secret"))).StatusCode);

        var secret = await app.FetchSecretAsync(id);
        Assert.Equal(("AKIAIOSFODNN7EXAMPLE", "the-new-secret", 2), ((string)secret["fields"]!["accessKey"]!, (string)secret["fields"]!["secretKey"]!, (int)secret["version"]!));
    }

    [Fact]
    public async Task Expired_used_withdrawn_and_guessed_links_answer_alike()
    {
        var used = await AskAsync("""{"name":"used link","type":"brevo-api-key"}""");
        await SendAsync(used, ("apiKey", "xkeysib-1"));
        var expired = await AskAsync("""{"name":"expired link","type":"brevo-api-key"}""");
        var expiredId = (string)expired["id"]!;
        await app.ExecuteAsync($"update secret_requests set expires_at = created_at - interval '1 second' where id = {expiredId}");
        var withdrawn = await AskAsync("""{"name":"withdrawn link","type":"brevo-api-key"}""");
        Assert.Equal(HttpStatusCode.NoContent, (await app.As(Roles.Admin).DeleteAsync($"/api/secret-requests/{withdrawn["id"]}")).StatusCode);
        var gone = await app.CreateAsync("gone before its link");
        var orphan = await AskAsync($$"""{"credentialId":"{{gone}}"}""");
        await app.As(Roles.Admin).DeleteAsync($"/api/credentials/{gone}");
        string[] links = [.. new[] { used, expired, withdrawn }.Select(asked => (string)asked["link"]!), $"/secret-requests/{new string('A', 43)}", "/secret-requests/x", $"/secret-requests/{new string('B', 2000)}"];

        var answers = new HashSet<string>();
        foreach (var link in links)
        {
            var stranger = app.Stranger();
            stranger.DefaultRequestHeaders.Accept.ParseAdd("text/html");
            answers.Add(await TextOfAsync(await stranger.GetAsync(link)));
            answers.Add(await TextOfAsync(await stranger.PostAsync(link, Form(("apiKey", "xkeysib-2")))));
        }

        answers.Add(await TextOfAsync(await SendAsync(orphan, ("accessKey", "A"), ("secretKey", "B"))));
        Assert.StartsWith("NotFound", Assert.Single(answers));
        Assert.Equal(1, await app.QueryAsync<int>($"select count(*)::int as \"Value\" from credentials where name in ('used link', 'expired link', 'withdrawn link')"));
    }

    [Fact]
    public async Task Of_forms_sent_at_once_one_is_taken()
    {
        var asked = await AskAsync("""{"name":"sent at once","type":"brevo-api-key"}""");

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => SendAsync(asked, ("apiKey", $"xkeysib-{i}"))));

        Assert.Single(answers, answer => answer.StatusCode == HttpStatusCode.OK);
        Assert.Equal(7, answers.Count(answer => answer.StatusCode == HttpStatusCode.NotFound));
        Assert.Equal(1, (int)(await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials/{asked["credentialId"]}"))!["version"]!);
    }

    [Fact]
    public async Task Wrong_input_is_told_without_using_the_link_up_or_showing_a_secret_again()
    {
        var asked = await AskAsync("""{"name":"mistyped","type":"iam-credential","fields":{"region":"eu-west-1"},"ask":["accessKey","secretKey","endpoint"]}""");

        var refused = await SendAsync(asked, ("accessKey", "AKIA\"><script>"), ("secretKey", "entered with spaces"), ("endpoint", "ftp://files"));

        var html = await refused.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("Secret key: Contains a space", html);
        Assert.Contains("Endpoint: ", html);
        Assert.Contains("AKIA&quot;&gt;&lt;script&gt;", html);
        Assert.DoesNotContain("entered with", html);
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(asked, ("accessKey", "AKIA"), ("secretKey", "secret"))).StatusCode);
    }

    [Fact]
    public async Task A_name_that_was_taken_meanwhile_loses_nothing()
    {
        var asked = await AskAsync("""{"name":"taken meanwhile","type":"brevo-api-key"}""");
        await app.CreateAsync("taken meanwhile");

        Assert.Equal(HttpStatusCode.OK, (await SendAsync(asked, ("apiKey", "xkeysib-1"))).StatusCode);

        Assert.Equal($"taken meanwhile ({asked["id"]})", (string)(await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials/{asked["credentialId"]}"))!["name"]!);
    }

    [Fact]
    public async Task Links_are_limited_in_size_and_rate()
    {
        var asked = await AskAsync("""{"name":"limited","type":"pgp"}""");
        var guesser = app.Stranger();
        var statuses = new List<HttpStatusCode>();
        for (var i = 0; i < 31; i++)
        {
            statuses.Add((await guesser.GetAsync($"/secret-requests/guess-{i}")).StatusCode);
        }

        // A minute may end in between, but not twice.
        statuses.AddRange(await Task.WhenAll(Enumerable.Range(0, 31).Select(async i => (await guesser.GetAsync($"/secret-requests/again-{i}")).StatusCode)));
        Assert.Contains(HttpStatusCode.TooManyRequests, statuses);
        Assert.Equal(HttpStatusCode.OK, (await app.Stranger().GetAsync((string)asked["link"]!)).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(asked, ("privateKey", new string('x', 140_000)))).StatusCode);
        var json = await app.Stranger().PostAsJsonAsync((string)asked["link"]!, new { privateKey = "x" });
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, json.StatusCode);
    }

    [Fact]
    public async Task Only_administrators_ask_and_only_the_hash_of_a_link_is_kept()
    {
        var asked = await AskAsync("""{"name":"kept as a hash","type":"brevo-api-key"}""");
        var token = ((string)asked["link"]!).Split('/')[^1];

        Assert.Equal(43, token.Length);
        Assert.DoesNotContain(token, await app.DumpDatabaseAsync());
        Assert.DoesNotContain(token, (await RequestAsync(asked)).ToJsonString());
        Assert.DoesNotContain(app.Log, line => line.Contains(token, StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.Forbidden, (await app.As(Roles.Operator).PostAsJsonAsync("/api/secret-requests", new { name = "x", type = "pgp" })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await app.Stranger().GetAsync("/api/secret-requests")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await app.Anonymous().GetAsync((string)asked["link"]!)).StatusCode);
    }

    [Theory]
    [InlineData("""{}""", "$.name $.type")]
    [InlineData("""{"name":"x","type":"pgp","lifetimeMinutes":0,"note":"\u0000"}""", "$.note $.lifetimeMinutes")]
    [InlineData("""{"credentialId":"cred-00000000","name":"x"}""", "$.credentialId $.name")]
    [InlineData("""{"name":"x","type":"iam-credential","fields":{"secretKey":"s","region":"EU","what":"x"},"ask":["accessKey","nothing"]}""", "$.fields.secretKey $.fields.region $.fields.what $.ask")]
    [InlineData("""{"name":"x","type":"iam-credential","fields":{"region":"eu-west-1"},"ask":["secretKey","region"]}""", "$.ask $.ask")]
    public async Task Every_problem_of_a_request_is_reported(string body, string paths)
    {
        var answer = await app.As(Roles.Admin).PostAsJsonAsync("/api/secret-requests", JsonNode.Parse(body));

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(paths, string.Join(' ', (await answer.ReadJsonAsync())["errors"]!.AsArray().Select(error => (string)error!["path"]!)));
    }

    private async Task<JsonObject> AskAsync(string body)
    {
        var answer = await app.As(Roles.Admin).PostAsJsonAsync("/api/secret-requests", JsonNode.Parse(body));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return await answer.ReadJsonAsync();
    }

    private async Task<JsonObject> RequestAsync(JsonObject asked) => (await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/secret-requests/{asked["id"]}"))!;

    private async Task<HttpResponseMessage> SendAsync(JsonObject asked, params (string Field, string Value)[] fields)
    {
        var stranger = app.Stranger();
        stranger.DefaultRequestHeaders.Accept.ParseAdd("text/html,application/xhtml+xml,*/*;q=0.8");
        return await stranger.PostAsync((string)asked["link"]!, Form(fields));
    }

    private static FormUrlEncodedContent Form(params (string Field, string Value)[] fields) => new(fields.Select(field => KeyValuePair.Create($"field.{field.Field}", field.Value)));

    private static async Task<string> TextOfAsync(HttpResponseMessage answer) => $"{answer.StatusCode} {answer.Headers} {await answer.Content.ReadAsStringAsync()}";
}
