using System.Text.Json.Nodes;

namespace Platform.Demo;

/// <summary>
/// The seed "Optimizely to Brevo": the decisions that came from S3 into a domain table become attributes of Brevo contacts. Both partners are stand-ins that hold calls against
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

    public async Task RunAsync(string table)
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
        await api.PutAsync(path, new JsonObject { ["name"] = Name, ["settings"] = settings });
        var sync = await api.PostAsync("/api/optimizely-brevo/syncs", new JsonObject { ["connectionId"] = (string)connection["id"]!, ["scope"] = "table", ["table"] = table });
        while ((string)sync["phase"]! != "finished")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500));
            sync = await api.GetAsync($"/api/optimizely-brevo/syncs/{sync["id"]}");
        }

        Console.WriteLine($"    {sync["id"]} {sync["state"]}: {sync["message"]}");
        if ((string)sync["state"]! == "failed")
        {
            throw new DemoFailedException($"sync {sync["id"]} failed: {sync["message"]}");
        }

        var changes = await api.GetAsync($"/api/optimizely-brevo/syncs/{sync["id"]}/changes?outcome=sent&limit=2");
        foreach (var change in changes["items"]!.AsArray())
        {
            Console.WriteLine($"    {change!["contact"]} {change["attributes"]!.ToJsonString()}");
        }
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
