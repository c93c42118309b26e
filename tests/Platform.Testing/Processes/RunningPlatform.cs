using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Platform.ServiceDefaults.Security;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Testing.Processes;

/// <summary>
/// Fixture: the whole platform as production runs it (six services and the gateway, each a process of its own, with its own database and role) on real servers. Services can be
/// killed and started again; people's calls go through the gateway.
/// </summary>
public sealed partial class RunningPlatform : IAsyncLifetime
{
    private static readonly IReadOnlyDictionary<string, string> Assemblies = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["credentials"] = "services/credentials/Platform.Credentials",
        ["couriers"] = "services/couriers/Platform.Couriers",
        ["feeds"] = "services/feeds/Platform.Feeds",
        ["scheduler"] = "services/scheduler/Platform.Scheduler",
        ["campaigns"] = "services/campaigns/Platform.Campaigns",
        ["optimizely-brevo"] = "services/optimizely-brevo/Platform.OptimizelyBrevo",
        ["gateway"] = "gateway/Platform.Gateway",
    };

    private static readonly TimeSpan SampleEvery = TimeSpan.FromMilliseconds(200);

    private readonly PostgresServer _postgres = new();
    private readonly RabbitServer _rabbit = new();
    private readonly TestKeys _keys = new();
    private readonly TemporaryFolder _folder = new();
    private readonly Dictionary<string, PostgresDatabase> _databases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceSettings> _settings = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ServiceProcess> _processes = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Lazy<Task<string>>> _apiKeys = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, long> _peakMemory = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _ending = new();
    private Task _sampling = Task.CompletedTask;

    /// <summary>The S3 server, with a bucket of this fixture's own.</summary>
    public S3Server S3 { get; } = new();

    /// <summary>Where all processes export their traces and metrics.</summary>
    public OtlpCollector Telemetry { get; } = new();

    /// <summary>Address of the gateway.</summary>
    public Uri Gateway => new(_processes["gateway"].Url);

    /// <summary>The services behind the gateway.</summary>
    public static IReadOnlyList<string> Services { get; } = [.. Assemblies.Keys.Where(name => name != "gateway")];

    /// <summary>Where a service's binary is built, below the repository.</summary>
    public static string AssemblyOf(string service) => Assemblies[service];

    /// <summary>A service's own address, which only the gateway and its sisters use.</summary>
    public Uri AddressOf(string service) => new(_processes[service].Url);

    /// <summary>The keys of the internal tokens.</summary>
    public TestKeys Keys => _keys;

    /// <summary>Address of the message broker.</summary>
    public string RabbitUri => _rabbit.Uri;

    /// <summary>Connection string of a service's database, as the role of that service. Domain tables are in <c>feeds</c>.</summary>
    public string DatabaseOf(string service) => _databases[service].ConnectionString;

    /// <summary>A client of the gateway with an API key of this role (see <see cref="Roles.OfPeople"/>).</summary>
    public async Task<HttpClient> ClientAsync(string role = Roles.Admin)
    {
        var client = new HttpClient { BaseAddress = Gateway };
        client.DefaultRequestHeaders.Add("X-Api-Key", await ApiKeyAsync(role));
        return client;
    }

    /// <summary>An API key of this role, made once by the gateway's own binary.</summary>
    public Task<string> ApiKeyAsync(string role = Roles.Admin) => _apiKeys.GetOrAdd(role, _ => new(async () =>
    {
        var answer = await _processes["gateway"].RunAsync("create-key", $"test-{role}", role);
        return ApiKey().Match(answer) is { Success: true } key ? key.Value : throw new InvalidOperationException($"The gateway made no key: {answer}");
    })).Value;

    /// <summary>Changes a setting of one service; it counts from its next start.</summary>
    public void Configure(string service, string key, string value) => _settings[service].With(key, value);

    /// <summary>Gives a setting back to the service's own default, from its next start on.</summary>
    public void Unconfigure(string service, string key) => _settings[service].Without(key);

    /// <summary>Kills one process, as a crash of the machine would.</summary>
    public Task KillAsync(string service) => _processes[service].KillAsync();

    /// <summary>Ends one process in order.</summary>
    public Task StopAsync(string service) => _processes[service].StopAsync();

    /// <summary>Starts a killed or stopped process again, and returns when it is ready.</summary>
    public Task StartAsync(string service) => _processes[service].StartAsync();

    /// <summary>Resident bytes of one service with its children, now.</summary>
    public long MemoryOf(string service) => _processes[service].Id is { } id ? ProcessMemory.OfTree(id) : 0;

    /// <summary>The most <see cref="MemoryOf"/> was so far, looked at five times a second.</summary>
    public long PeakMemoryOf(string service) => _peakMemory.GetValueOrDefault(service);

    /// <summary>Everything one process has logged so far.</summary>
    public string LogOf(string service) => _processes[service].Log();

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        await Task.WhenAll(_postgres.InitializeAsync().AsTask(), _rabbit.InitializeAsync().AsTask(), S3.InitializeAsync().AsTask());
        var masterKeys = Directory.CreateDirectory(_folder.PathOf("master-keys")).FullName;
        await File.WriteAllTextAsync(Path.Combine(masterKeys, "1.key"), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)));
        var ports = FreePorts.Take(Assemblies.Count);
        var urls = Assemblies.Keys.Zip(ports).ToDictionary(pair => pair.First, pair => $"http://127.0.0.1:{pair.Second}");
        foreach (var (name, assembly) in Assemblies)
        {
            var database = await _postgres.CreateDatabaseAsync(owner: name.Replace('-', '_'));
            _databases.Add(name, database);
            _settings.Add(name, SettingsOf(name, database, urls));
            _processes.Add(name, new(name, assembly, _settings[name], urls[name], _folder.PathOf($"{name}.log")));
        }

        AppDomain.CurrentDomain.ProcessExit += KillAll;
        await Task.WhenAll(_processes.Values.Select(process => process.RunAsync("migrate")));
        await Task.WhenAll(_processes.Where(process => process.Key != "gateway").Select(process => process.Value.StartAsync()));
        await _processes["gateway"].StartAsync();
        _sampling = SampleMemoryAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _sampling;
        KillAll(this, EventArgs.Empty);
        AppDomain.CurrentDomain.ProcessExit -= KillAll;
        foreach (var database in _databases.Values)
        {
            await database.DisposeAsync();
        }

        await S3.DisposeAsync();
        await _rabbit.DisposeAsync();
        await Telemetry.DisposeAsync();
        _keys.Dispose();
        _folder.Dispose();
        _ending.Dispose();
    }

    private ServiceSettings SettingsOf(string service, PostgresDatabase database, Dictionary<string, string> urls)
    {
        var settings = ServiceSettings.Of(service, database.ConnectionString, _rabbit.Uri, _keys)
            .With("MasterKeys:Folder", _folder.PathOf("master-keys"))
            .With("Landing:Root", Directory.CreateDirectory(_folder.PathOf("landing")).FullName)
            .With("Limits:RequestsPerMinute", "1000000")
            .With("Limits:AnonymousRequestsPerMinute", "1000000")
            .With("Scratch:Root", Directory.CreateDirectory(_folder.PathOf("scratch", service)).FullName);
        foreach (var (name, url) in urls.Where(url => url.Key != "gateway"))
        {
            settings.With($"Services:{name}", url);
        }

        if (_databases.TryGetValue("feeds", out var domain))
        {
            settings.With("ConnectionStrings:DomainTables", domain.ConnectionString);
        }

        foreach (var (name, value) in Telemetry.Settings)
        {
            settings.With(name, value);
        }

        return settings;
    }

    private async Task SampleMemoryAsync()
    {
        using var timer = new PeriodicTimer(SampleEvery);
        try
        {
            while (await timer.WaitForNextTickAsync(_ending.Token))
            {
                var (names, ids) = (new List<string>(), new List<int>());
                foreach (var (name, process) in _processes)
                {
                    if (process.Id is { } id)
                    {
                        names.Add(name);
                        ids.Add(id);
                    }
                }

                foreach (var (name, now) in names.Zip(ProcessMemory.OfTrees(ids)))
                {
                    _peakMemory.AddOrUpdate(name, now, (_, most) => Math.Max(most, now));
                }
            }
        }
        catch (OperationCanceledException) when (_ending.IsCancellationRequested)
        {
            // The fixture ends.
        }
    }

    private void KillAll(object? sender, EventArgs e)
    {
        foreach (var process in _processes.Values)
        {
            process.Dispose();
        }
    }

    [GeneratedRegex("cp_[A-Za-z0-9_-]+")]
    private static partial Regex ApiKey();
}
