using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Platform.Testing.Processes;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.EndToEnd.Tests.Security;

/// <summary>
/// Wherever a user names a server, the addresses of metadata services and of the link are refused in every way of writing them, though this platform allows private hosts; and no redirect leads there. What needs
/// private hosts to be forbidden (names that lead to private addresses, and change where they lead) is tried on the guard itself, which all of these go through.
/// </summary>
public sealed class AddressesThatAreNeverReached(RunningPlatform platform)
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOY5i9eejpcP4dhGOcQ0CeVGGtp6DwMMzbkCTpEKGQlE";

    private static readonly string[] Hosts = ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]", "[fe80::1]", "100.100.100.200", "0.0.0.0"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Wherever_a_server_is_named_they_are_refused_when_they_are_entered()
    {
        using var admin = await platform.ClientAsync();
        using var user = await PlatformUser.OfAsync(platform);
        var credential = await user.CredentialAsync();
        var reached = new List<string>();
        foreach (var host in Hosts)
        {
            foreach (var (place, path, body) in Places(host, credential))
            {
                using var answer = body is null ? await admin.GetAsync(path, Cancelled) : await admin.PostAsJsonAsync(path, body, Cancelled);
                var text = await answer.Content.ReadAsStringAsync(Cancelled);
                if ((int)answer.StatusCode is < 400 or >= 500 || !text.Contains("never connected to", StringComparison.Ordinal))
                {
                    reached.Add($"{place} {host}: {(int)answer.StatusCode} {text}");
                }
            }
        }

        Assert.True(reached.Count == 0, string.Join('\n', reached));
    }

    [Fact]
    public async Task Redirects_lead_to_nowhere()
    {
        using var inside = new TcpListener(IPAddress.Loopback, 0);
        inside.Start();
        await using var redirecting = await RedirectAsync($"http://{inside.LocalEndpoint}/latest/meta-data/");
        var address = redirecting.Urls.Single();
        using var admin = await platform.ClientAsync();

        var channel = await JsonAsync(await admin.PostAsJsonAsync("/api/alert-channels", new { name = $"redirected {Guid.CreateVersion7():n}", webhook = new { url = address } }, Cancelled));
        var delivered = await JsonAsync(await admin.PostAsync($"/api/alert-channels/{channel["id"]}/test", null, Cancelled));
        Assert.False((bool)delivered["success"]!, delivered.ToJsonString());

        await using var toMetadata = await RedirectAsync("http://169.254.169.254/latest/meta-data/");
        var credential = await JsonAsync(await admin.PostAsJsonAsync("/api/credentials", new
        {
            name = $"redirected {Guid.CreateVersion7():n}",
            type = "iam-credential",
            fields = new { accessKey = "AKIAREDIRECTED", secretKey = "secret", region = S3Server.Region, endpoint = toMetadata.Urls.Single() },
        }, Cancelled));
        var tested = await JsonAsync(await admin.PostAsJsonAsync($"/api/credentials/{credential["id"]}/test", new { bucket = "redirected" }, Cancelled));
        Assert.False((bool)tested["success"]!, tested.ToJsonString());
        Assert.Contains("redirects to another server", tested.ToJsonString());
        Assert.False(inside.Pending());
    }

    // Hosts in brackets are written without them where no address is expected around.
    private static IEnumerable<(string Place, string Path, JsonNode? Body)> Places(string host, string credential)
    {
        var bare = host.Trim('[', ']');
        var name = $"never {Guid.CreateVersion7():n}";
        yield return ("S3 endpoint of a credential", "/api/credentials", Json($$"""{"name":"{{name}}","type":"iam-credential","fields":{"accessKey":"AKIANEVER","secretKey":"secret","region":"us-east-1","endpoint":"https://{{host}}/"} }"""));
        yield return ("SFTP host", "/api/credentials", Json($$"""{"name":"{{name}}","type":"sftp","fields":{"host":"{{bare}}","user":"a","password":"b","hostKey":"{{HostKey}}"} }"""));
        yield return ("mail server of a credential", "/api/credentials", Json($$"""{"name":"{{name}}","type":"smtp","fields":{"host":"{{bare}}","port":"25","security":"starttls","from":"a@example.com"} }"""));
        yield return ("S3 endpoint of a courier", "/api/couriers", Json($$"""{"name":"{{name}}","sourceType":"amazon-s3","credentialId":"{{credential}}","settings":{"bucket":"never-reached","endpoint":"https://{{host}}/" },"entities":[]}"""));
        yield return ("S3 endpoint of a look into a bucket", $"/api/browse/files?credentialId={credential}&bucket=never-reached&endpoint={Uri.EscapeDataString($"https://{host}/")}", null);
        yield return ("S3 endpoint of a preview", "/api/previews", Json($$"""{"credentialId":"{{credential}}","bucket":"never-reached","endpoint":"https://{{host}}/","path":"a.csv"}"""));
        yield return ("webhook", "/api/alert-channels", Json($$"""{"name":"{{name}}","webhook":{"url":"https://{{host}}/"} }"""));
        yield return ("mail server of alerts", "/api/alert-channels", Json($$"""{"name":"{{name}}","smtp":{"host":"{{bare}}","port":25,"security":"startTls","from":"a@example.com","to":["b@example.com"]} }"""));
        yield return ("SFTP host of campaigns", "/api/campaigns/connections", Json($$"""{"name":"{{name}}","settings":{"host":"{{bare}}","credentialId":"{{credential}}"} }"""));
    }

    private static JsonNode Json(string text) => JsonNode.Parse(text)!;

    private static async Task<JsonNode> JsonAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            var text = await answer.Content.ReadAsStringAsync(Cancelled);
            Assert.True(answer.IsSuccessStatusCode, text);
            return JsonNode.Parse(text)!;
        }
    }

    private static async Task<WebApplication> RedirectAsync(string target)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        app.Map("/{**path}", () => Results.Redirect(target, preserveMethod: true));
        await app.StartAsync(Cancelled);
        return app;
    }
}
