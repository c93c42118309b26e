using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Platform.Contracts.Couriers;
using Platform.Contracts.Credentials;
using Platform.Contracts.Scheduler;
using Platform.Testing;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Connections;

public sealed class ConnectingTests(OptimizelyBrevoApp app)
{
    private readonly Customer _shop = new(app);

    [Fact]
    public async Task Every_mistake_is_told_at_once_with_its_path()
    {
        var settings = _shop.Settings(each =>
        {
            each["optimizely"]!["projects"]![0]!["projectId"] = "shop";
            each["optimizely"]!["updateInterval"] = 10;
            each["brevo"]!["batchSize"] = 5000;
            each["fieldMapping"] = new JsonObject { ["experimentKey"] = "EMAIL", ["variationKey"] = "no-hyphens" };
            each["lists"] = new JsonArray(new JsonObject { ["listId"] = 3 });
            each["sync"] = new JsonObject { ["schedule"] = "every day" };
        });
        var answer = await app.Client.PostAsJsonAsync("/api/optimizely-brevo/connections", new JsonObject { ["name"] = "wrong", ["settings"] = settings }, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var text = (await answer.ReadAsync()).ToJsonString();
        Assert.All(
            (string[])["$.settings.optimizely.projects[0].projectId", "$.settings.optimizely.updateInterval", "$.settings.brevo.batchSize", "$.settings.fieldMapping.experimentKey", "$.settings.fieldMapping.variationKey", "$.settings.lists[0]", "$.settings.sync.schedule"],
            path => Assert.Contains(path, text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_seeds_yaml_is_a_connection_and_comes_out_again()
    {
        var schedules = new List<RegisterSchedule>();
        var listening = app.Services.GetRequiredService<IBus>().ConnectReceiveEndpoint(new TemporaryEndpointDefinition(), null, queue => queue.Handler<RegisterSchedule>(context =>
        {
            lock (schedules)
            {
                schedules.Add(context.Message);
            }

            return Task.CompletedTask;
        }));
        await listening.Ready;
        var answer = await ImportAsync(Seed);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        var settings = (await answer.ReadAsync())["settings"]!;
        Assert.Equal(("12345678", "0 */2 * * *", "ENABLED_FEATURES", "OPT_SEGMENTS"), ((string)settings["optimizely"]!["projects"]![0]!["projectId"]!, (string)settings["sync"]!["schedule"]!,
            (string)settings["mapping"]!["featureFlags"]!, (string)settings["mapping"]!["audienceSegments"]!));
        Assert.Equal(("email", "FEATURE_FLAG", "AUDIENCE_SEGMENT"), ((string)settings["fieldMapping"]!["userId"]!, (string)settings["fieldMapping"]!["featureKey"]!, (string)settings["fieldMapping"]!["audienceName"]!));
        Assert.Equal("verbose", (string)settings["debug"]!["logLevel"]!);

        var id = (string)(await answer.ReadAsync())["id"]!;
        await Testing.Until.True(() => Registered() is not null, TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
        Assert.Equal(("optimizely-brevo", "0 */2 * * *"), (Registered()!.Owner, Registered()!.Cron));
        await listening.StopAsync(TestContext.Current.CancellationToken);

        var exported = await (await app.Client.GetAsync($"/api/optimizely-brevo/connections/{id}/yaml", TestContext.Current.CancellationToken)).ReadAsync();
        Assert.Contains("access_token: \"${OPTIMIZELY_ACCESS_TOKEN}\"", (string)exported["yaml"]!, StringComparison.Ordinal);
        var again = await ImportAsync((string)exported["yaml"]!);
        Assert.Equal(HttpStatusCode.OK, again.StatusCode);
        Assert.Equal(settings.ToJsonString(), (await again.ReadAsync())["settings"]!.ToJsonString());

        RegisterSchedule? Registered()
        {
            lock (schedules)
            {
                return schedules.Find(schedule => schedule.ScheduleId == id);
            }
        }
    }

    [Theory]
    [InlineData("connectors:\n  optimizely:\n    access_token: 2:abcdef\n    project_id: '1'\n", "line 3, column 19", "Secrets do not belong in this text")]
    [InlineData("connectors:\n  optimizely:\n    access_token: ${OPTIMIZELY_ACCESS_TOKEN}\n    project_id: '1'\n    colour: red\n", "line 5, column 5", "'colour' is not known")]
    [InlineData("connectors:\n  optimizely:\n   - [unclosed\n", "line ", "not well-formed YAML")]
    [InlineData("connectors:\n  optimizely:\n    access_token: ${OTHER}\n    project_id: '1'\n", "line 3, column 19", "${OTHER} has no credential")]
    [InlineData("connectors:\n  optimizely:\n    access_token: ${OPTIMIZELY_ACCESS_TOKEN}\n    project_id: '1'\nfield_mapping:\n  colour: COLOUR\n", "line 6, column 3", "'colour' is not known in field_mapping")]
    public async Task Mistakes_in_yaml_are_told_with_line_and_column(string yaml, string place, string problem)
    {
        var answer = await ImportAsync(yaml);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        var text = (await answer.ReadAsync())["errors"]!.ToJsonString(new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        Assert.Contains(place, text, StringComparison.Ordinal);
        Assert.Contains(problem, text, StringComparison.Ordinal);
        Assert.DoesNotContain("abcdef", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_is_tried_part_by_part_and_the_remedy_is_named()
    {
        await _shop.ConnectAsync(settings => settings["brevo"]!["listId"] = 7);
        var good = await TryAsync();
        Assert.True((bool)good["success"]!, good.ToJsonString());

        _shop.Optimizely.Token = "rotated";
        _shop.Optimizely.Datafiles.Clear();
        _shop.Brevo.ApiKey = "rotated";
        var bad = (await TryAsync())["parts"]!.AsArray().Select(part => (string)part!["message"]!).ToList();
        Assert.Contains("Generate a new personal access token at https://app.optimizely.com/v2/accountsettings/tokens", bad[0], StringComparison.Ordinal);
        Assert.Contains("Copy the key of the right environment", bad[1], StringComparison.Ordinal);
        Assert.Contains("https://app.brevo.com/settings/keys/api", bad[2], StringComparison.Ordinal);
        Assert.DoesNotContain(bad, message => message.Contains("personal-token-", StringComparison.Ordinal) || message.Contains("xkeysib-", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_rotated_key_is_used_as_soon_as_the_rotation_is_told_though_the_old_one_still_works()
    {
        await _shop.ConnectAsync(settings => settings["brevo"]!["listId"] = 7);
        Assert.True((bool)(await TryAsync())["success"]!);
        var other = app.Brevo.Open(new() { ApiKey = $"xkeysib-rotated-{_shop.Number}" });
        other.Lists.Clear();
        var rotated = OptimizelyBrevoApp.Secret("brevo-api-key", ("apiKey", other.ApiKey));
        rotated["version"] = 2;
        app.Credentials[_shop.Key] = rotated;

        await app.Services.GetRequiredService<IBus>().Publish(
            new CredentialRotated { CredentialId = _shop.Key, Version = 2, RotatedAt = TimeProvider.System.GetUtcNow() }, TestContext.Current.CancellationToken);

        // The new key's account has no such list. What is remembered without being told would be good for 30 seconds.
        await Until.True(async () => !(bool)(await TryAsync())["success"]!, TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task Credentials_of_the_four_kinds_are_tried_over_the_bus_and_others_left_to_their_owners()
    {
        Assert.All(await Task.WhenAll(
            TestAsync(_shop.Token, "optimizely-token"), TestAsync(_shop.OAuth, "optimizely-oauth"), TestAsync(_shop.Sdk, "optimizely-sdk-key"), TestAsync(_shop.Key, "brevo-api-key")),
            answer => Assert.Equal((true, "Connection successful"), (answer.Success, answer.Message)));

        _shop.Optimizely.Token = "rotated";
        _shop.Optimizely.Datafiles.Clear();
        _shop.Brevo.ApiKey = "rotated";
        app.Credentials[_shop.OAuth]["fields"]!["refreshToken"] = "expired";
        var refused = await Task.WhenAll(
            TestAsync(_shop.Token, "optimizely-token"), TestAsync(_shop.OAuth, "optimizely-oauth"), TestAsync(_shop.Sdk, "optimizely-sdk-key"), TestAsync(_shop.Key, "brevo-api-key"));
        Assert.All(refused, answer => Assert.False(answer.Success));
        Assert.Contains("Generate a new personal access token", refused[0].Message, StringComparison.Ordinal);
        Assert.Contains("Authorise the application again", refused[1].Message, StringComparison.Ordinal);
        Assert.Contains("Copy the key of the right environment from Settings > Environments.", refused[2].Message, StringComparison.Ordinal);
        Assert.Contains("Create a new one at https://app.brevo.com/settings/keys/api", refused[3].Message, StringComparison.Ordinal);
    }

    private async Task<CredentialTested> TestAsync(string credential, string type) =>
        (await app.Services.GetRequiredService<IBus>().CreateRequestClient<TestCredential>(RequestTimeout.After(s: 60))
            .GetResponse<CredentialTested>(new() { CredentialId = credential, CredentialType = type }, TestContext.Current.CancellationToken)).Message;

    private async Task<JsonObject> TryAsync() => await (await app.Client.PostAsync($"{_shop.Path}/test", null, TestContext.Current.CancellationToken)).ReadAsync();

    private Task<HttpResponseMessage> ImportAsync(string yaml) => app.Client.PostAsJsonAsync("/api/optimizely-brevo/connections/import", new JsonObject
    {
        ["name"] = $"yaml {_shop.Number}",
        ["yaml"] = yaml,
        ["variables"] = new JsonObject { ["OPTIMIZELY_ACCESS_TOKEN"] = _shop.Token, ["OPTIMIZELY_SDK_KEY"] = _shop.Sdk, ["BREVO_API_KEY"] = _shop.Key },
    }, TestContext.Current.CancellationToken);

    /// <summary>The seed's basic set-up, field mapping and debug mode.</summary>
    private const string Seed = """
        connectors:
          optimizely:
            enabled: true
            access_token: "${OPTIMIZELY_ACCESS_TOKEN}"
            sdk_key: "${OPTIMIZELY_SDK_KEY}"
            project_id: "12345678"
            sync:
              experiments: true
              audiences: true
              events: true
              feature_flags: true
              schedule: "0 */2 * * *" # Every 2 hours
            mapping:
              experiment_variation: EXPERIMENT_VARIATION
              feature_flags: ENABLED_FEATURES
              audience_segments: OPT_SEGMENTS
            debug: true
            log_level: verbose
            log_decisions: true
            log_events: true
        field_mapping:
          user_id: email
          experiment_key: EXPERIMENT_NAME
          variation_key: VARIATION_NAME
          feature_key: FEATURE_FLAG
          enabled: FEATURE_ENABLED
          audience_name: AUDIENCE_SEGMENT
          decision_timestamp: EXPERIMENT_DATE
        """;
}
