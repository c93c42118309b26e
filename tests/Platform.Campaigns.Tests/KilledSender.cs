using System.Diagnostics;
using System.Net;
using Npgsql;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>The service as production runs it, a process with a database and a virtual host of its own (it would take the messages of others), to be killed and started again.</summary>
internal sealed class KilledSender : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);

    private readonly CampaignsApp _app;
    private readonly PostgresDatabase _database;
    private readonly RabbitServer _rabbit;
    private readonly string _url = $"http://127.0.0.1:{FreePorts.Take(1)[0]}";
    private readonly HttpClient _health = new();
    private Process? _process;

    private KilledSender(CampaignsApp app, PostgresDatabase database, RabbitServer rabbit)
    {
        _app = app;
        _database = database;
        _rabbit = rabbit;
        var handler = app.Operator();
        handler.InnerHandler = new SocketsHttpHandler();
        Client = new(handler) { BaseAddress = new(_url) };
        Database = NpgsqlDataSource.Create(database.ConnectionString);
    }

    public HttpClient Client { get; }

    /// <summary>The database of this process alone.</summary>
    public NpgsqlDataSource Database { get; }

    public static async Task<KilledSender> CreateAsync(CampaignsApp app)
    {
        var rabbit = new RabbitServer();
        await rabbit.InitializeAsync();
        return new(app, await app.CreateDatabaseAsync(), rabbit);
    }

    /// <summary>Returns when the process answers.</summary>
    public async Task StartAsync()
    {
        var binary = Path.Combine(AppContext.BaseDirectory, "Platform.Campaigns.dll");
        var start = new ProcessStartInfo("dotnet", [binary]) { WorkingDirectory = AppContext.BaseDirectory, RedirectStandardOutput = true };
        foreach (var (key, value) in _app.Settings.Values)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["ConnectionStrings__Database"] = _database.ConnectionString;
        start.Environment["RabbitMq__Uri"] = _rabbit.Uri;
        start.Environment["Urls"] = _url;
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Production";
        _process = Process.Start(start)!;
        _process.OutputDataReceived += (_, _) => { };
        _process.BeginOutputReadLine();
        await Until.True(AnswersAsync, StartLimit, TestContext.Current.CancellationToken);
    }

    /// <summary>SIGKILL; its ssh goes with it, as its input ends.</summary>
    public async Task KillAsync()
    {
        if (_process is { } process)
        {
            _process = null;
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        Client.Dispose();
        _health.Dispose();
        await Database.DisposeAsync();
        await _database.DisposeAsync();
        await _rabbit.DisposeAsync();
    }

    private async Task<bool> AnswersAsync()
    {
        if (_process!.HasExited)
        {
            throw new InvalidOperationException($"The service ended with {_process.ExitCode}.");
        }

        try
        {
            using var answer = await _health.GetAsync($"{_url}/health/live");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
