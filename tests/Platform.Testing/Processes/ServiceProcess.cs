using System.Diagnostics;
using System.Globalization;
using System.Net;

namespace Platform.Testing.Processes;

/// <summary>One service, or the gateway, as the separate process that production runs: the built binary, configured by its environment.</summary>
public sealed class ServiceProcess(string name, string assembly, ServiceSettings settings, string url, string logFile) : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(30);
    private static readonly HttpClient Health = new() { Timeout = TimeSpan.FromSeconds(5) };

    private Process? _process;

    public string Url => url;

    public int? Id => _process is { HasExited: false } running ? running.Id : null;

    /// <summary>Runs the binary with arguments to its end, and returns what it wrote.</summary>
    public async Task<string> RunAsync(params IEnumerable<string> arguments)
    {
        using var process = Launch("dotnet", [BinaryPath(assembly), .. arguments], redirect: true);
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"{name} {string.Join(' ', arguments)} ended with exit code {process.ExitCode}: {await errors}{output}");
    }

    /// <summary>Starts the process and returns when it says it is ready; fails when it does not within three minutes, or <paramref name="within"/>.</summary>
    public async Task StartAsync(TimeSpan? within = null)
    {
        if (Id is { } id)
        {
            throw new InvalidOperationException($"{name} runs already, as process {id}.");
        }

        // The ended process object is left to the collector: the memory sampler may be reading it at this moment, and a disposed one throws.
        _process = Launch("bash", ["-c", "log=$1; shift; exec \"$@\" >> \"$log\" 2>&1 < /dev/null", "bash", logFile, "dotnet", BinaryPath(assembly)], redirect: false);
        try
        {
            await Until.True(IsReadyAsync, within ?? StartLimit, what: $"{name} is ready");
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException)
        {
            throw new InvalidOperationException($"{name} did not become ready; its log ends: {LogEnd()}", e);
        }
    }

    /// <summary>SIGKILL: no handler runs, nothing is flushed. Returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        Running().Kill();
        await _process!.WaitForExitAsync().WaitAsync(StopLimit);
    }

    /// <summary>SIGTERM: the orderly end. Returns when the process is gone.</summary>
    public async Task StopAsync()
    {
        var running = Running();
        using (var kill = Process.Start("kill", ["-TERM", running.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync();
        }

        await running.WaitForExitAsync().WaitAsync(StopLimit);
    }

    public string Log() => File.Exists(logFile) ? File.ReadAllText(logFile) : "";

    public void Dispose()
    {
        if (Id is not null)
        {
            _process!.Kill();
            _process.WaitForExit(StopLimit);
        }

        _process?.Dispose();
        _process = null;
    }

    private static string BinaryPath(string assembly)
    {
        // Tests and services are built together, in one configuration: .../bin/{configuration}/{framework}/
        var output = new DirectoryInfo(AppContext.BaseDirectory);
        var path = Repository.PathOf(Path.GetDirectoryName(assembly)!, "bin", output.Parent!.Name, output.Name, $"{Path.GetFileName(assembly)}.dll");
        return File.Exists(path) ? path : throw new FileNotFoundException($"{path} is missing: build the services in the configuration of the tests.");
    }

    private Process Launch(string program, IEnumerable<string> arguments, bool redirect)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = Path.GetDirectoryName(BinaryPath(assembly)),
            RedirectStandardOutput = redirect,
            RedirectStandardError = redirect,
        };
        foreach (var (key, value) in settings.Values)
        {
            start.Environment[key.Replace(":", "__", StringComparison.Ordinal)] = value;
        }

        start.Environment["Urls"] = url;
        return Process.Start(start)!;
    }

    private async Task<bool> IsReadyAsync()
    {
        if (_process!.HasExited)
        {
            throw new InvalidOperationException($"{name} ended with exit code {_process.ExitCode.ToString(CultureInfo.InvariantCulture)}.");
        }

        try
        {
            using var answer = await Health.GetAsync($"{url}/health/ready");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private Process Running() => Id is not null ? _process! : throw new InvalidOperationException($"{name} does not run.");

    private string LogEnd()
    {
        var log = Log();
        return log.Length > 4000 ? log[^4000..] : log;
    }
}
