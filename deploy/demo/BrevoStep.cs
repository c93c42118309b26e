using System.Text.Json.Nodes;

namespace Platform.Demo;

/// <summary>
/// The seed "Optimizely to Brevo": the decisions that came from S3 into a domain table become attributes of Brevo contacts, the conversions Brevo events; and a purchase that Brevo's side
/// tells becomes an event of Optimizely. Both partners are stand-ins that hold calls against
/// the published specifications and enforce the published limits; their keys are no secrets.
/// </summary>
internal sealed class BrevoStep(PlatformApi api)
{
    private const string Name = "Shop experiments";

    private const string Yaml = """
        connectors:
          optimizely:
            access_token: "${OPTIMIZELY_ACCESS_TOKEN}"
            sdk_key: "${OPTIMIZELY_SDK_KEY}"
            project_id: "12345678"
            sync:
              schedule: "0 */2 * * *"
          brevo:
            list_id: 7
        field_mapping:
          user_id: email
          experiment_key: EXPERIMENT_NAME
          variation_key: VARIATION_NAME
          enabled: FEATURE_ENABLED
          decision_timestamp: EXPERIMENT_DATE
        """;

    public async Task RunAsync(string table, string? conversions)
    {
        Console.WriteLine($"{Environment.NewLine}== From \"{table}\" to Brevo contacts");
        var variables = new JsonObject
        {
            ["OPTIMIZELY_ACCESS_TOKEN"] = await CredentialAsync("Optimizely token", "optimizely-token", "token", "2:personal-token"),
            ["OPTIMIZELY_SDK_KEY"] = await CredentialAsync("Optimizely SDK key, production", "optimizely-sdk-key", "sdkKey", "demo-production"),
            ["BREVO_API_KEY"] = await CredentialAsync("Brevo key", "brevo-api-key", "apiKey", "xkeysib-stand-in"),
        };
        var connection = await api.PostAsync("/api/optimizely-brevo/connections/import", new JsonObject { ["name"] = Name, ["yaml"] = Yaml, ["variables"] = variables });
        var path = $"/api/optimizely-brevo/connections/{connection["id"]}";
        var test = await api.PostAsync($"{path}/test");
        foreach (var part in test["parts"]!.AsArray())
        {
            Console.WriteLine($"    {part!["part"]}: {part["message"]}");
        }

        var settings = connection["settings"]!.DeepClone();
        settings["sources"] = new JsonArray(new JsonObject { ["table"] = table, ["kind"] = "decisions" });
        settings["conversions"] = new JsonObject { ["batchSize"] = 1000 };
        if (conversions is not null)
        {
            settings["sources"]!.AsArray().Add(new JsonObject { ["table"] = conversions, ["kind"] = "conversions" });
        }

        await api.PutAsync(path, new JsonObject { ["name"] = Name, ["settings"] = settings });
        var id = (string)connection["id"]!;
        var sync = await SyncAsync(id, table);
        var changes = await api.GetAsync($"/api/optimizely-brevo/syncs/{sync["id"]}/changes?outcome=sent&limit=2");
        foreach (var change in changes["items"]!.AsArray())
        {
            Console.WriteLine($"    {change!["contact"]} {change["attributes"]!.ToJsonString()}");
        }

        await ConvertAsync(id, conversions);
    }

    // Both ways: the table's events to Brevo, one of our own to Optimizely's Event API.
    private async Task ConvertAsync(string connection, string? table)
    {
        if (table is not null)
        {
            await SyncAsync(connection, table);
        }

        await api.PostAsync("/api/optimizely-brevo/conversions", new JsonObject
        {
            ["connectionId"] = connection,
            ["direction"] = "toOptimizely",
            ["events"] = new JsonArray(new JsonObject
            {
                ["id"] = "order-1",
                ["eventKey"] = "purchase",
                ["userId"] = "visitor-1",
                ["attributes"] = new JsonObject { ["plan"] = "free" },
                ["timestamp"] = "2026-03-04T12:00:00Z",
                ["revenue"] = 4200,
            }),
        });
        var deadline = TimeSpan.FromMinutes(3);
        JsonArray counts;
        do
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            deadline -= TimeSpan.FromMilliseconds(500);
            counts = (await api.GetAsync($"/api/optimizely-brevo/conversions/counts?connectionId={connection}")).AsArray();
        }
        while (deadline > TimeSpan.Zero && counts.Any(count => (string)count!["state"]! == "queued"));
        foreach (var count in counts)
        {
            Console.WriteLine($"    conversions {count!["direction"]}: {count["events"]} {count["state"]}");
        }

        if (!counts.Any(count => (string)count!["direction"]! == "toOptimizely" && (string)count["state"]! == "sent"))
        {
            throw new DemoFailedException("no conversion reached Optimizely");
        }
    }

    private async Task<JsonNode> SyncAsync(string connection, string table)
    {
        var sync = await api.PostAsync("/api/optimizely-brevo/syncs", new JsonObject { ["connectionId"] = connection, ["scope"] = "table", ["table"] = table });
        while ((string)sync["phase"]! != "finished")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            sync = await api.GetAsync($"/api/optimizely-brevo/syncs/{sync["id"]}");
        }

        Console.WriteLine($"    {sync["id"]} {sync["state"]}: {sync["message"]}");
        return (string)sync["state"]! == "failed" ? throw new DemoFailedException($"sync {sync["id"]} failed: {sync["message"]}") : sync;
    }

    private async Task<string> CredentialAsync(string name, string type, string field, string value)
    {
        var body = new JsonObject { ["name"] = name, ["type"] = type, ["fields"] = new JsonObject { [field] = value } };
        var known = await api.FindAsync("/api/credentials", "name", name);
        var credential = known ?? await api.PostAsync("/api/credentials", body);
        var test = await api.PostAsync($"/api/credentials/{credential["id"]}/test");
        Console.WriteLine($"    {name}: {test["message"]}");
        return (bool)test["success"]! ? (string)credential["id"]! : throw new DemoFailedException($"the test of '{name}' did not succeed");
    }
}
