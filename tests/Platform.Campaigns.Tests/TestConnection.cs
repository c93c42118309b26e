using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Platform.Testing;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>A connection of one test, with what the test does to it through the API and sees on the server's disk.</summary>
public sealed class TestConnection(CampaignsApp app, HttpClient client, string name, string folder)
{
    public const long SourceMailing = 44018617811;
    public const long Wave = 46623317811;

    private static readonly string[] Seed = ["Email", "broadmail_ID", "WAVE_ID", "Salutation", "First name", "Last name"];

    public string Id { get; private set; } = "";

    public string Folder => folder;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>Names of the files in one of the directories, in order.</summary>
    public string[] Files(string directory = "in") => [.. Directory.EnumerateFiles(Path.Combine(folder, directory)).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public string PathOf(string directory, string file) => Path.Combine(folder, directory, file);

    public async Task CreateAsync(Action<JsonObject>? change)
    {
        foreach (var directory in new[] { "in", "log", "err", "out" })
        {
            Directory.CreateDirectory(Path.Combine(folder, directory));
        }

        var settings = new JsonObject
        {
            ["host"] = "127.0.0.1",
            ["port"] = app.Server.Port,
            ["credentialId"] = "cred-sftp",
            ["recipientDirectory"] = Path.Combine(folder, "in"),
            ["logDirectory"] = Path.Combine(folder, "log"),
            ["errorDirectory"] = Path.Combine(folder, "err"),
            ["responseDirectory"] = Path.Combine(folder, "out"),
            ["checkIntervalSeconds"] = 60,
        };
        change?.Invoke(settings);
        var created = await PostAsync("/api/campaigns/connections", new JsonObject { ["name"] = name, ["settings"] = settings }, HttpStatusCode.Created);
        Id = (string)created["id"]!;
    }

    /// <summary>The seed's main recipient list, with further fields, confirmed by both sides.</summary>
    public Task<string> ListAsync(params JsonObject[] more) => ListOfAsync([], more);

    /// <summary>The same with settings of the list, such as its client.</summary>
    public async Task<string> ListOfAsync(JsonObject settings, params JsonObject[] more)
    {
        JsonArray fields = [.. Seed.Select(field => new JsonObject { ["name"] = field, ["type"] = field.EndsWith("_ID", StringComparison.Ordinal) ? "bigint" : "varchar", ["length"] = field.EndsWith("_ID", StringComparison.Ordinal) ? null : 255 }), .. more];
        settings["name"] = $"List {Guid.CreateVersion7():n}";
        settings["connectionId"] = Id;
        settings["fields"] = fields;
        var list = await PostAsync("/api/campaigns/recipient-lists", settings, HttpStatusCode.Created);
        var id = (string)list["id"]!;
        await ConfirmAsync(id, 1);
        return id;
    }

    public async Task ConfirmAsync(string listId, int version)
    {
        await PostAsync($"/api/campaigns/recipient-lists/{listId}/versions/{version}/confirm", new JsonObject { ["side"] = "us" });
        await PostAsync($"/api/campaigns/recipient-lists/{listId}/versions/{version}/confirm", new JsonObject { ["side"] = "partner", ["reference"] = "ticket 4711" });
    }

    public static JsonObject Recipient(string email, string? first = null, string? last = null) =>
        new() { ["Email"] = email, ["First name"] = first, ["Last name"] = last };

    public static JsonObject Dispatch(string listId, JsonArray? recipients, bool send = true, long? wave = Wave) => new()
    {
        ["listId"] = listId,
        ["sourceMailingId"] = SourceMailing,
        ["waveId"] = wave,
        ["recipients"] = recipients,
        ["send"] = send,
    };

    public async Task<string> DispatchAsync(JsonObject dispatch) => (string)(await PostAsync("/api/campaigns/dispatches", dispatch, HttpStatusCode.Created))["id"]!;

    public async Task<JsonNode> UploadRecipientsAsync(string dispatchId, string csv, string query = "", HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await client.PutAsync($"/api/campaigns/dispatches/{dispatchId}/recipients{query}", new StringContent(csv, Encoding.UTF8, "text/csv"), Cancelled);
        return await ReadAsync(response, expected);
    }

    public Task<JsonNode> GetDispatchAsync(string id) => GetAsync($"/api/campaigns/dispatches/{id}");

    /// <summary>Waits until the dispatch is in this state; another final one fails the test at once.</summary>
    public async Task<JsonNode> StateAsync(string id, string state)
    {
        string[] accepted = [state, "failed", "invalid", "cancelled"];
        var dispatch = await Until.Is(() => GetDispatchAsync(id), found => accepted.Contains((string)found["state"]!), cancellationToken: Cancelled, what: $"the dispatch is {state}");
        Assert.True((string)dispatch["state"]! == state, $"{state} was expected of {dispatch}");
        return dispatch;
    }

    public async Task<JsonNode> GetAsync(string path) => await ReadAsync(await client.GetAsync(path, Cancelled), HttpStatusCode.OK);

    public async Task<JsonNode> PostAsync(string path, JsonNode? body, HttpStatusCode expected = HttpStatusCode.OK)
    {
        using var response = await client.PostAsJsonAsync(path, body, Cancelled);
        return await ReadAsync(response, expected);
    }

    public async Task<string> TextAsync(string directory, string file) => await File.ReadAllTextAsync(PathOf(directory, file), Cancelled);

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response, HttpStatusCode expected)
    {
        var body = await response.Content.ReadAsStringAsync(Cancelled);
        Assert.True(response.StatusCode == expected, $"{response.RequestMessage!.RequestUri} answered {(int)response.StatusCode}: {body}");
        return JsonNode.Parse(body)!;
    }
}
