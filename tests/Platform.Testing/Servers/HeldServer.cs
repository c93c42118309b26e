using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Platform.Testing.Servers;

/// <summary>
/// A server this test process started for itself with a script of deploy/servers, because tests/run did not provide one. The script stops the server when its standard
/// input closes, which the system does however this process ends.
/// </summary>
internal sealed class HeldServer
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(40);

    private readonly Process _script;
    private readonly TemporaryFolder _folder;

    private HeldServer(Process script, TemporaryFolder folder)
    {
        _script = script;
        _folder = folder;
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Stop();
    }

    public string Folder => _folder.Path;

    public static async Task<HeldServer> StartAsync(string name, params IEnumerable<object> arguments)
    {
        var folder = new TemporaryFolder();
        var start = new ProcessStartInfo("bash")
        {
            ArgumentList = { Repository.PathOf("deploy", "servers", $"{name}.sh"), "hold", folder.Path },
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(Convert.ToString(argument, CultureInfo.InvariantCulture)!);
        }

        var script = Process.Start(start)!;
        var errors = new StringBuilder();
        script.ErrorDataReceived += (_, line) =>
        {
            lock (errors)
            {
                errors.AppendLine(line.Data);
            }
        };
        script.BeginErrorReadLine();
        var ready = await script.StandardOutput.ReadLineAsync().WaitAsync(StartLimit);
        if (ready == "ready")
        {
            return new(script, folder);
        }

        await script.WaitForExitAsync();
        folder.Dispose();
        throw new InvalidOperationException($"The tests need a {name} server, and deploy/servers/{name}.sh cannot start one. {errors}");
    }

    /// <summary>Runs a script of deploy/servers to its end.</summary>
    public static async Task RunScriptAsync(string name, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo("bash") { ArgumentList = { Repository.PathOf("deploy", "servers", $"{name}.sh") }, RedirectStandardError = true };
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        using var script = Process.Start(start)!;
        var errors = await script.StandardError.ReadToEndAsync();
        await script.WaitForExitAsync();
        if (script.ExitCode != 0)
        {
            throw new InvalidOperationException($"deploy/servers/{name}.sh failed: {errors}");
        }
    }

    private void Stop()
    {
        _script.StandardInput.Close();
        if (_script.WaitForExit(StopLimit))
        {
            _folder.Dispose();
        }
    }
}
