using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.AspNetCore.TestHost;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Platform.Contracts.Feeds;
using Platform.Feeds.Couriers;
using Platform.Feeds.Credentials;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tests;
using Platform.Files.Engine;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(FeedsApp))]

namespace Platform.Feeds.Tests;

/// <summary>The real service on a real database and broker, with the reading engine's real child processes; only the couriers and credentials services are played, by a list of landed files.</summary>
public sealed class FeedsApp : IAsyncLifetime
{
    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly TestKeys _keys = new();
    private readonly TemporaryFolder _folder = new();
    private readonly LandedFiles _landed = new();
    private readonly ConcurrentDictionary<string, object> _ended = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, int> _announced = new(StringComparer.Ordinal);
    private PostgresDatabase _database = null!;
    private WebApplicationFactory<Program> _app = null!;
    private int _number;

    /// <summary>The service's database, as the service's role.</summary>
    public NpgsqlDataSource Database { get; private set; } = null!;

    public string ConnectionString => _database.ConnectionString;

    public string AdminConnectionString => new NpgsqlConnectionStringBuilder(_postgres.AdminConnectionString) { Database = _database.Name }.ConnectionString;

    public IServiceProvider Services => _app.Services;

    public HttpClient Operator { get; private set; } = null!;

    internal LandedFiles Landed => _landed;

    public string LandingRoot => _folder.PathOf("landing");

    public async ValueTask InitializeAsync()
    {
        await _postgres.InitializeAsync();
        await _rabbit.InitializeAsync();
        _database = await _postgres.CreateDatabaseAsync(owner: "feeds");
        Database = NpgsqlDataSource.Create(_database.ConnectionString);
        Directory.CreateDirectory(LandingRoot);
        await using (var context = new FeedsDbContext(new DbContextOptionsBuilder<FeedsDbContext>().UseNpgsql(Database).Options))
        {
            await context.Database.MigrateAsync();
        }

        _app = CreateInstance();
        Operator = _app.CreateDefaultClient(_keys.AsPerson("feeds", Roles.Operator));
        Services.GetRequiredService<IBusControl>().ConnectReceiveEndpoint("announcements", endpoint =>
        {
            endpoint.Handler<FeedLoaded>(context => Ended(context.Message.LoadId, context.Message));
            endpoint.Handler<FeedLoadFailed>(context => Ended(context.Message.LoadId, context.Message));
        });
        await Services.BusReadyAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await Database.DisposeAsync();
        await _database.DisposeAsync();
        await _rabbit.DisposeAsync();
        await _postgres.DisposeAsync();
        _folder.Dispose();
        _keys.Dispose();
    }

    /// <summary>Another instance of the service on the same database and broker; the caller starts and ends it.</summary>
    internal WebApplicationFactory<Program> CreateInstance(params (string Key, string Value)[] settings)
    {
        var own = ServiceSettings.Of("feeds", _database.ConnectionString, _rabbit.Uri, _keys)
            .With("Landing:Root", LandingRoot)
            .With("Scratch:Root", _folder.PathOf("scratch", $"{Interlocked.Increment(ref _number)}"))
            .With("Loading:Lease", "00:00:03")
            .With("Logging:LogLevel:Default", "Warning");
        foreach (var (key, value) in settings)
        {
            own.With(key, value);
        }

        return new WebApplicationFactory<Program>().WithWebHostBuilder(builder =>
        {
            own.Apply(builder);
            builder.ConfigureTestServices(services =>
            {
                services.AddHttpClient<CouriersClient>().ConfigurePrimaryHttpMessageHandler(() => _landed.Handler());
                services.AddHttpClient<CredentialsClient>().ConfigurePrimaryHttpMessageHandler(() => _landed.Handler());
            });
        });
    }

    public HttpClient As(string role) => _app.CreateDefaultClient(_keys.AsPerson("feeds", role));

    public HttpClient AsService(string service) => _app.CreateDefaultClient(_keys.AsService(service, "feeds"));

    public HttpClient Anonymous() => _app.CreateDefaultClient();

    /// <summary>A name no other test uses.</summary>
    public string UniqueName(string word = "Feed") => $"{word} {Interlocked.Increment(ref _number)}";

    /// <summary>Writes a Parquet file whose rows are a DuckDB query, and lands it.</summary>
    internal LandedFile Land(string query, DateOnly? date = null, IReadOnlyDictionary<string, string>? partitions = null)
    {
        var name = $"part-{Interlocked.Increment(ref _number):00000}.parquet";
        var path = Path.Combine(LandingRoot, name);
        using (var duck = DuckDb.OpenInMemory())
        {
            duck.Execute($"copy ({query}) to {DuckDb.Literal(path)} (format parquet)");
        }

        return LandExisting(name, date, partitions);
    }

    /// <summary>Lands a file that lies in the landing store already.</summary>
    internal LandedFile LandExisting(string name, DateOnly? date = null, IReadOnlyDictionary<string, string>? partitions = null) => _landed.Add(new()
    {
        FileId = PublicId.Sequential("lf"),
        Source = $"s3://bucket/{name}",
        FileName = name,
        Location = name,
        Tag = "tag",
        ContentType = "application/x-parquet",
        Size = new FileInfo(Path.Combine(LandingRoot, name)).Length,
        FileDate = date,
        Partitions = partitions,
    });

    /// <summary>Creates a feed and activates it; returns its id and domain table.</summary>
    internal async Task<(string Id, string Table)> ActiveFeedAsync(JsonObject feed)
    {
        feed["source"] ??= "Test";
        feed["name"] ??= UniqueName();
        var created = await (await Operator.PostAsJsonAsync("/api/feeds", feed)).ReadAsync(HttpStatusCode.Created);
        var id = (string)created["id"]!;
        await (await Operator.PostAsJsonAsync($"/api/feeds/{id}/activate", new { })).ReadAsync(HttpStatusCode.OK);
        return (id, (string)created["domainTable"]!);
    }

    /// <summary>A feed with the integer key <c>id</c>, the text <c>v</c> and, when <paramref name="lastUpdated"/>, the integer <c>at</c> that decides which record wins.</summary>
    internal Task<(string Id, string Table)> KeyedFeedAsync(bool lastUpdated = false, decimal threshold = 1) => ActiveFeedAsync(new()
    {
        ["fields"] = lastUpdated ? new JsonArray(Field("id", "integer"), Field("v", "string"), Field("at", "integer")) : new JsonArray(Field("id", "integer"), Field("v", "string")),
        ["primaryKey"] = new JsonArray("id"),
        ["lastUpdatedField"] = lastUpdated ? "at" : null,
        ["holdTruncateAbovePercent"] = 100,
        ["errorThresholdPercent"] = threshold,
    });

    internal static JsonObject Field(string name, string type) => new() { ["name"] = name, ["type"] = type };

    /// <summary>Sends the command as the couriers service would; returns the load's id.</summary>
    internal async Task<string> SendLoadAsync(string feedId, bool truncate, params LandedFile[] files)
    {
        var runId = PublicId.Sequential("run");
        _landed.Run(runId, files);
        var command = new LoadFiles { LoadId = PublicId.Sequential("ld"), RunId = runId, CourierId = "cr-test", FeedId = feedId, Truncate = truncate, Tags = ["tag"] };
        await SendAsync(command);
        return command.LoadId;
    }

    internal Task SendAsync(object command) => Services.GetRequiredService<IBus>().Publish(command, command.GetType());

    /// <summary>Loads files and waits for the announced end; returns the load as the API shows it.</summary>
    internal async Task<JsonNode> LoadAsync(string feedId, bool truncate, params LandedFile[] files)
    {
        var id = await SendLoadAsync(feedId, truncate, files);
        await EndOfAsync(id);
        return await Operator.GetAsync($"/api/loads/{id}", HttpStatusCode.OK);
    }

    internal Task<JsonNode> LoadAsync(string feedId, params LandedFile[] files) => LoadAsync(feedId, truncate: false, files);

    /// <summary>The event that announced the load's end.</summary>
    internal async Task<object> EndOfAsync(string loadId)
    {
        await Until.True(() => _ended.ContainsKey(loadId), TimeSpan.FromMinutes(3), what: $"load {loadId} has ended");
        return _ended[loadId];
    }

    /// <summary>How often the end of a load was announced.</summary>
    internal int Announcements(string loadId) => _announced.GetValueOrDefault(loadId);

    /// <summary>Runs SQL on the service's database.</summary>
    internal async Task ExecuteAsync(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    internal async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Database.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>Every row of a domain table as <c>column|column</c>, sorted.</summary>
    internal async Task<List<string>> RowsAsync(string table, string columns = "id, v")
    {
        await using var command = Database.CreateCommand($"select concat_ws('|', {columns}) from domain.\"{table}\" order by 1");
        var rows = new List<string>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(reader.GetString(0));
        }

        return rows;
    }

    /// <summary>Holds a table's partition, in a session of its own that ends with the connection: loads stop at their join, swaps at their exchange.</summary>
    internal async Task<NpgsqlConnection> HoldAsync(string table, string mode)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(ConnectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        var partition = await ScalarAsync<string>($"select inhrelid::regclass::text from pg_inherits where inhparent = 'domain.\"{table}\"'::regclass");
        await using var hold = new NpgsqlCommand($"begin; lock table {partition} in {mode} mode", connection);
        await hold.ExecuteNonQueryAsync();
        return connection;
    }

    /// <summary>Waits until a load has come so far.</summary>
    internal Task PhaseAsync(string load, string phase) =>
        Until.True(() => ScalarAsync<bool>($"select exists (select from loads where id = '{load}' and phase = '{phase}')"), what: $"{load} is {phase}");

    private Task Ended(string loadId, object message)
    {
        _announced.AddOrUpdate(loadId, 1, (_, count) => count + 1);
        _ended[loadId] = message;
        return Task.CompletedTask;
    }
}
