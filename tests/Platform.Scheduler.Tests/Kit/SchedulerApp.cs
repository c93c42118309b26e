using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Scheduler.Tests.Kit;

/// <summary>The real service on a real database and broker of its own, with a clock the test sets and couriers the test plays.</summary>
public sealed class SchedulerApp : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly SettableClock _clock = new();
    private readonly TestKeys _keys;
    private PostgresDatabase _database = null!;
    private WebApplicationFactory<Program> _app = null!;
    private SisterServices _sisters = null!;

    public SchedulerApp() => _keys = new(_clock);

    internal SettableClock Clock => _clock;

    internal CouriersOnTheBus Couriers { get; private set; } = null!;

    /// <summary>What the credentials service gives out, by id.</summary>
    internal ConcurrentDictionary<string, JsonObject> Credentials => _sisters.Credentials;

    /// <summary>Couriers that the couriers service says are gone.</summary>
    internal ConcurrentDictionary<string, bool> GoneCouriers => _sisters.GoneCouriers;

    /// <summary>Couriers about which the couriers service cannot tell.</summary>
    internal ConcurrentDictionary<string, bool> UnclearCouriers => _sisters.UnclearCouriers;

    public IServiceProvider Services => _app.Services;

    public async ValueTask InitializeAsync()
    {
        await _postgres.InitializeAsync();
        await _rabbit.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync();
        Couriers = await CouriersOnTheBus.StartAsync(_rabbit.Uri);
        _sisters = await SisterServices.StartAsync();
        var settings = ServiceSettings.Of("scheduler", _database.ConnectionString, _rabbit.Uri, _keys)
            .With("Services:credentials", _sisters.Address).With("Services:couriers", _sisters.Address)
            .With("Scheduler:Poll", "00:00:00.200").With("Scheduler:LateFilePoll", "00:05:00").With("Scheduler:ConstraintPoll", "00:00:30");
        _app = new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            settings.Apply(builder);
            builder.ConfigureTestServices(services => services.AddSingleton<TimeProvider>(_clock));
        });

        // The migration comes first: WebApplicationFactory starts the service with the first look at its services.
        await using var context = new SchedulerDbContext(new DbContextOptionsBuilder<SchedulerDbContext>().UseNpgsql(_database.ConnectionString).Options);
        await context.Database.MigrateAsync();
        await Wait.Until(async () => (await _app.CreateClient().GetAsync("/health/ready")).IsSuccessStatusCode, "the service is ready");
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Couriers.DisposeAsync();
        await _sisters.DisposeAsync();
        await _database.DisposeAsync();
        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
        _keys.Dispose();
    }

    public HttpClient As(string role) => _app.CreateDefaultClient(_keys.AsPerson("scheduler", role));

    public async Task<JsonNode> PostAsync(string path, object? body = null, HttpStatusCode expected = HttpStatusCode.OK) =>
        await ReadAsync(await As(Roles.Admin).PostAsJsonAsync(path, body ?? new { }), expected);

    public async Task<JsonNode> PutAsync(string path, object body, HttpStatusCode expected = HttpStatusCode.OK) =>
        await ReadAsync(await As(Roles.Admin).PutAsJsonAsync(path, body), expected);

    public async Task<JsonNode> GetAsync(string path, HttpStatusCode expected = HttpStatusCode.OK) => await ReadAsync(await As(Roles.Viewer).GetAsync(path), expected);

    public async Task<HttpStatusCode> DeleteAsync(string path) => (await As(Roles.Admin).DeleteAsync(path)).StatusCode;

    /// <summary>Creates a group of couriers named after it, and returns its id.</summary>
    public async Task<string> CreateGroupAsync(object group) => (string)(await PostAsync("/api/courier-groups", group, HttpStatusCode.Created))["id"]!;

    public async Task<int> CountAsync(FormattableString sql)
    {
        await using var scope = _app.Services.CreateAsyncScope();
        return await scope.ServiceProvider.GetRequiredService<SchedulerDbContext>().Database.SqlQuery<int>(sql).SingleAsync();
    }

    /// <summary>The runs of a group, oldest first.</summary>
    public async Task<IReadOnlyList<JsonNode>> RunsAsync(string groupId) =>
        [.. (await GetAsync($"/api/group-runs?groupId={groupId}&limit=200"))["items"]!.AsArray().Reverse().Select(run => run!)];

    /// <summary>Waits until the newest run of a group is in a state.</summary>
    public async Task<JsonNode> UntilAsync(string groupId, string state) =>
        await Wait.For(async () => (await RunsAsync(groupId)).LastOrDefault() ?? new JsonObject(), run => (string?)run["state"] == state, what: $"the newest run of {groupId} is {state}");

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"{(int)answer.StatusCode} instead of {(int)expected}: {text}");
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }
}
