using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using FsCheck;
using FsCheck.Fluent;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.EndToEnd.Tests.Security.Hostile;

/// <summary>
/// Walks the OpenAPI document and sends every operation what it does not expect, through the gateway, with a key that may do everything: the answer is a success or a problem detail
/// of 4xx, never a 5xx, and never tells how the platform is made. The calls come from a seed: <c>PLATFORM_HOSTILE_SEED</c> and <c>PLATFORM_HOSTILE_CALLS</c> (per operation) give others and more.
/// </summary>
public sealed class EveryEndpointWithEverythingWrong(RunningPlatform platform)
{
    private const int Workers = 4;
    private static readonly int CallsPerOperation = int.Parse(Environment.GetEnvironmentVariable("PLATFORM_HOSTILE_CALLS") ?? "10", CultureInfo.InvariantCulture);
    private static readonly ulong Seed = ulong.Parse(Environment.GetEnvironmentVariable("PLATFORM_HOSTILE_SEED") ?? "20200914", CultureInfo.InvariantCulture);

    // What an implementation gives away when it fails. SQL is known by how Entity Framework breaks its lines: answers may speak of a SELECT.
    private static readonly string[] Inside = ["   at ", "Exception", "System.", "Microsoft.", "Npgsql", "Platform.", "stack", ".cs:", "\\nFROM ", "INSERT INTO ", Repository.Root, "/tmp/"];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Is_answered_with_a_problem_detail_and_never_with_a_failure()
    {
        using var admin = await platform.ClientAsync(Roles.Admin);
        var document = (await admin.GetFromJsonAsync<JsonNode>("/openapi.json", Cancelled))!;
        await PopulateAsync();
        var operations = ApiOperation.AllOf(document);
        var calls = new HostileCalls(document, await KnownAsync(admin, operations));
        var planned = operations.SelectMany(operation => calls.For(operation).Sample(30, new Rnd(Seed, GammaOf(operation)), CallsPerOperation));

        var wrong = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(planned, new ParallelOptions { MaxDegreeOfParallelism = Workers, CancellationToken = Cancelled }, async (call, cancelled) =>
        {
            if (await TryAsync(admin, call, cancelled) is { } problem)
            {
                wrong.Enqueue($"{call}\n    {problem}");
            }
        });

        Assert.True(wrong.IsEmpty, $"{wrong.Count} answers are wrong:\n{string.Join('\n', wrong.Take(60))}");
    }

    [Theory]
    [InlineData("/api/credentials/..%2f..%2finternal%2fcredentials%2fx%2fsecret")]
    [InlineData("/api/credentials/%2e%2e/%2e%2e/internal/openapi/v1.json")]
    [InlineData("/api/../internal/openapi/v1.json")]
    [InlineData("/api/credentials/..;/internal")]
    [InlineData("/api//credentials//")]
    [InlineData("/api/credentials/%00")]
    [InlineData("/api/credentials/%ff%fe")]
    [InlineData("/api/credentials/%c0%ae%c0%ae%2f")]
    [InlineData("/api/credentials/%")]
    [InlineData("/api/credentials/%zz")]
    [InlineData("/api/credentials\\..\\internal")]
    [InlineData("/API/CREDENTIALS/%20")]
    [InlineData("/api/domain-tables/%F0%9F%91%BE%E2%80%AE/rows")]
    [InlineData("/internal/openapi/v1.json")]
    [InlineData("/api/credentials?limit=50&limit=60")]
    [InlineData("/api/credentials?limit=99999999999999999999")]
    [InlineData("/api/credentials?after=%00")]
    [InlineData("/api/credentials?after=%ed%a0%80")]
    public async Task A_path_leads_nowhere_else(string target)
    {
        using var admin = await platform.ClientAsync(Roles.Admin);

        Assert.Null(await TryAsync(admin, new("GET", target, null, null), Cancelled));
    }

    [Fact]
    public async Task What_is_too_large_is_refused_before_it_is_read()
    {
        // The answer comes before the body is sent, so that it is not lost with the connection.
        using var admin = new HttpClient(new SocketsHttpHandler { Expect100ContinueTimeout = TimeSpan.FromMinutes(2) }) { BaseAddress = platform.Gateway };
        admin.DefaultRequestHeaders.Add("X-Api-Key", await platform.ApiKeyAsync(Roles.Admin));
        admin.DefaultRequestHeaders.ExpectContinue = true;
        foreach (var path in (string[])["/api/credentials", "/api/couriers", "/api/feeds", "/api/courier-groups", "/api/campaigns/connections", "/api/optimizely-brevo/connections", "/api/access/keys"])
        {
            using var huge = new StreamContent(new Endless(5_000_000)) { Headers = { ContentType = new MediaTypeHeaderValue("application/json"), ContentLength = 5_000_000 } };
            using var answer = await admin.PostAsync(path, huge, Cancelled);
            Assert.Equal((path, HttpStatusCode.RequestEntityTooLarge), (path, answer.StatusCode));
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
        }
    }

    private async Task<string?> TryAsync(HttpClient client, HostileCall call, CancellationToken cancelled)
    {
        using var request = call.ToRequest(platform.Gateway);
        using var answer = await client.SendAsync(request, cancelled);
        var status = (int)answer.StatusCode;
        var text = await answer.Content.ReadAsStringAsync(cancelled);
        if (status < 400)
        {
            return null;
        }

        if (status >= 500)
        {
            return $"{status}: {text}";
        }

        // The server itself refuses what is no HTTP, before anything can write a body.
        if (text.Length == 0 && status is 400 or 414 or 431)
        {
            return null;
        }

        if (answer.Content.Headers.ContentType?.MediaType != "application/problem+json")
        {
            return $"{status} is no problem detail: {answer.Content.Headers.ContentType} {text}";
        }

        var problem = JsonNode.Parse(text)!;
        return (int)problem["status"]! != status || !((string)problem["type"]!).StartsWith("/problems/", StringComparison.Ordinal) || string.IsNullOrEmpty((string?)problem["traceId"])
            ? $"the problem detail is incomplete: {text}"
            : Array.Find(Inside, word => TellsMoreThanSent(text, word, call)) is { } told ? $"the answer tells '{told}': {text}" : null;
    }

    // An operation's calls are its own: others that come and go do not change them. The generator wants an odd number.
    private static ulong GammaOf(ApiOperation operation) =>
        BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes($"{operation.Method} {operation.Path}"))) | 1;

    private static bool TellsMoreThanSent(string text, string word, HostileCall call) =>
        text.Contains(word, StringComparison.Ordinal) && !call.Target.Contains(word, StringComparison.OrdinalIgnoreCase)
        && (call.Body is null || !Encoding.UTF8.GetString(call.Body).Contains(word, StringComparison.OrdinalIgnoreCase));

    // Something of every kind that the road from S3 to a table knows, so that calls get beyond "there is no such thing".
    private async Task PopulateAsync()
    {
        using var user = await PlatformUser.OfAsync(platform);
        await new ExportBucket(platform.S3).PutEventsAsync("hostile", "2026-03-01", ExportBucket.Events(0, 100));
        var courier = await user.CourierAsync(await user.CredentialAsync(), "hostile", ["events"]);
        var landed = await user.RunAsync(courier, PlatformUser.Day("2026-03-01"));
        Assert.True((string)landed["state"]! == "succeeded", landed.ToJsonString());
        await user.LoadIntoAsync(courier, ("events", (await user.FeedAsync(courier, "events")).Id));
        await user.RunAsync(courier, PlatformUser.Day("2026-03-01"));
        await user.PostAsync("/api/courier-groups", new JsonObject { ["name"] = user.Unique("hostile"), ["couriers"] = new JsonArray(new JsonObject { ["courierId"] = courier }) });
        await user.PostAsync("/api/alert-channels", new JsonObject { ["name"] = user.Unique("hostile"), ["webhook"] = new JsonObject { ["url"] = "http://127.0.0.1:1/" } });
    }

    /// <summary>What every list has, by the last word of its path.</summary>
    private static async Task<IReadOnlyDictionary<string, IReadOnlyList<string>>> KnownAsync(HttpClient admin, IReadOnlyList<ApiOperation> operations)
    {
        var known = new Dictionary<string, IReadOnlyList<string>>(StringComparer.Ordinal);
        foreach (var list in operations.Where(operation => operation.Method == "GET" && !operation.Path.Contains('{', StringComparison.Ordinal)))
        {
            using var answer = await admin.GetAsync(list.Path, Cancelled);
            if (answer.IsSuccessStatusCode && answer.Content.Headers.ContentType?.MediaType == "application/json"
                && (await answer.Content.ReadFromJsonAsync<JsonNode>(Cancelled)) is JsonObject page && page["items"] is JsonArray items)
            {
                known[list.Path.Split('/')[^1]] = [.. items.Select(item => item!["id"] ?? item["fileId"] ?? item["name"]).OfType<JsonValue>().Where(id => id.GetValueKind() == JsonValueKind.String).Select(id => id.GetValue<string>()).Take(5)];
            }
        }

        return known;
    }

    private sealed class Endless(long left) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get; set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var now = (int)Math.Min(count, left);
            buffer.AsSpan(offset, now).Fill((byte)' ');
            left -= now;
            return now;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
