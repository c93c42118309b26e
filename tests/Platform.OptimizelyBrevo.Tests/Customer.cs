using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.PartnerStandIns;
using Platform.Testing;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests;

/// <summary>A customer with accounts of its own at both partners and one connection between them: what one test does, no other sees.</summary>
public sealed class Customer
{
    private static int s_last = 100;
    private readonly OptimizelyBrevoApp _app;

    public Customer(OptimizelyBrevoApp app)
    {
        _app = app;
        var number = Interlocked.Increment(ref s_last);
        Number = number.ToString(System.Globalization.CultureInfo.InvariantCulture);
        SdkKey = $"sdk-{Number}";
        Optimizely = app.Optimizely.Open(new() { AccountId = Number, Token = $"2:personal-token-{Number}" });
        Brevo = app.Brevo.Open(new() { ApiKey = $"xkeysib-{Number}" });
        Optimizely.Datafiles[SdkKey] = Datafile(Number);
        Optimizely.Objects["projects"].Add(JsonNode.Parse("""{"id":2,"name":"Shop","account_id":1,"status":"active","platform":"custom"}""")!.AsObject());
        app.Credentials[Token] = OptimizelyBrevoApp.Secret("optimizely-token", ("token", Optimizely.Token));
        app.Credentials[OAuth] = OptimizelyBrevoApp.Secret("optimizely-oauth", ("clientId", "1"), ("clientSecret", "s"), ("refreshToken", Optimizely.RefreshToken));
        app.Credentials[Sdk] = OptimizelyBrevoApp.Secret("optimizely-sdk-key", ("sdkKey", SdkKey));
        app.Credentials[Key] = OptimizelyBrevoApp.Secret("brevo-api-key", ("apiKey", Brevo.ApiKey));
    }

    /// <summary>The customer's number, different for each.</summary>
    public string Number { get; }

    /// <summary>The connection's id.</summary>
    public string Id { get; private set; } = "";

    public string SdkKey { get; }

    public OptimizelyAccount Optimizely { get; }

    public BrevoAccount Brevo { get; }

    public string Token => $"cred-token{Number}";

    public string OAuth => $"cred-oauth{Number}";

    public string Sdk => $"cred-sdk{Number}";

    public string Key => $"cred-brevo{Number}";

    /// <summary>A connection's path in the API.</summary>
    public string Path => $"/api/optimizely-brevo/connections/{Id}";

    /// <summary>The datafile of the fixtures in this customer's name.</summary>
    public static string Datafile(string account)
    {
        var datafile = JsonNode.Parse(File.ReadAllText(System.IO.Path.Combine(AppContext.BaseDirectory, "fixtures", "optimizely-datafiles", "generated", "rules.json")))!;
        datafile["accountId"] = account;
        return datafile.ToJsonString();
    }

    /// <summary>Settings that work, changed by <paramref name="change"/>.</summary>
    public JsonObject Settings(Action<JsonObject>? change = null)
    {
        var settings = JsonNode.Parse($$"""
            {
              "optimizely": { "credentialId": "{{Token}}", "projects": [ { "projectId": "2", "sdkKeyCredentialId": "{{Sdk}}", "environment": "production" } ] },
              "brevo": { "credentialId": "{{Key}}", "batchSize": 20, "tier": "extended" }
            }
            """)!.AsObject();
        change?.Invoke(settings);
        return settings;
    }

    /// <summary>A decision as the SDK's listener gets it.</summary>
    public static JsonObject Decision(string user, string? email, string experiment, string variation, DateTimeOffset at, string type = "ab-test") => new()
    {
        ["type"] = type,
        ["userId"] = user,
        ["attributes"] = email is null ? [] : new JsonObject { ["email"] = email },
        ["decisionInfo"] = new JsonObject { ["experimentKey"] = experiment, ["variationKey"] = variation },
        ["timestamp"] = at.ToString("O"),
    };

    /// <summary>Creates a connection whose settings work, changed by <paramref name="change"/>.</summary>
    public async Task ConnectAsync(Action<JsonObject>? change = null)
    {
        var response = await _app.Client.PostAsJsonAsync("/api/optimizely-brevo/connections", new JsonObject { ["name"] = $"shop {Guid.CreateVersion7():n}", ["settings"] = Settings(change) });
        var body = await response.ReadAsync();
        Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
        Id = (string)body["id"]!;
    }

    /// <summary>Tells decisions and returns the answer.</summary>
    public async Task<JsonObject> DecideAsync(params JsonObject[] decisions)
    {
        var response = await _app.Client.PostAsJsonAsync("/api/optimizely-brevo/decisions", new JsonObject { ["connectionId"] = Id, ["decisions"] = new JsonArray([.. decisions]) });
        var body = await response.ReadAsync();
        Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
        return body;
    }

    /// <summary>Starts a sync and returns its id.</summary>
    public async Task<string> StartAsync(Action<JsonObject>? change = null)
    {
        var input = new JsonObject { ["connectionId"] = Id };
        change?.Invoke(input);
        var response = await _app.Client.PostAsJsonAsync("/api/optimizely-brevo/syncs", input);
        var body = await response.ReadAsync();
        Assert.True(response.IsSuccessStatusCode, body.ToJsonString());
        return (string)body["id"]!;
    }

    /// <summary>Starts a sync and waits for its end.</summary>
    public async Task<JsonObject> SyncAsync(Action<JsonObject>? change = null)
    {
        var id = await StartAsync(change);
        return await Until.Is(() => ReadSyncAsync(id), sync => (string?)sync["phase"] == "finished", TimeSpan.FromSeconds(90));
    }

    public async Task<JsonObject> ReadSyncAsync(string syncId) => await (await _app.Client.GetAsync($"/api/optimizely-brevo/syncs/{syncId}")).ReadAsync();

    /// <summary>The newest sync of a connection once it has ended.</summary>
    public async Task<JsonObject> LastSyncAsync()
    {
        var found = await Until.Is(
            async () => (await (await _app.Client.GetAsync($"/api/optimizely-brevo/syncs?connectionId={Id}&limit=1")).ReadAsync())["items"]!.AsArray(),
            items => items.Count == 1 && (string?)items[0]!["phase"] == "finished", TimeSpan.FromSeconds(60));
        return found[0]!.AsObject();
    }

    public async Task<JsonArray> ChangesAsync(string syncId, string? outcome = null) =>
        (await (await _app.Client.GetAsync($"/api/optimizely-brevo/syncs/{syncId}/changes?limit=200{(outcome is null ? "" : $"&outcome={outcome}")}")).ReadAsync())["items"]!.AsArray();
}
