using System.Diagnostics;
using System.Net.Sockets;
using Xunit;

namespace Platform.Testing.Servers;

/// <summary>
/// Fixture: a private OpenSSH server on the loopback interface that knows one account, that of this process. Its files lie in <see cref="Files"/>. Login by <see cref="PrivateKey"/>, or by
/// <see cref="ProtectedKey"/> with <see cref="Passphrase"/>.
/// </summary>
public sealed class SshServer : IAsyncLifetime
{
    private static readonly string[] SearchPath = ["/usr/sbin", "/usr/bin", "/usr/local/sbin"];

    // ESRCH, which /proc answers for a process that ends while its file is read.
    private const int NoSuchProcess = 3;

    private readonly TemporaryFolder _folder = new();
    private readonly List<int> _frozen = [];
    private Process? _server;

    /// <summary>The port it listens on.</summary>
    public int Port { get; private set; }

    /// <summary>The account.</summary>
    public string User { get; } = Environment.UserName;

    /// <summary>The host key as a line <c>type base64</c>.</summary>
    public string HostKey { get; private set; } = "";

    /// <summary>A private key the server accepts.</summary>
    public string PrivateKey { get; private set; } = "";

    /// <summary>Another, protected by <see cref="Passphrase"/>.</summary>
    public string ProtectedKey { get; private set; } = "";

    /// <summary>Passphrase of <see cref="ProtectedKey"/>.</summary>
    public string Passphrase => "correct horse battery staple";

    /// <summary>A private key the server does not accept.</summary>
    public string UnknownKey { get; private set; } = "";

    /// <summary>Lets nobody write, from the next start on.</summary>
    public bool ReadOnly { get; set; }

    /// <summary>An empty folder for the files of tests.</summary>
    public string Files => _folder.PathOf("files");

    /// <summary>Absolute path below <see cref="Files"/>.</summary>
    public string PathOf(params string[] parts) => Path.Combine([Files, .. parts]);

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Files);
        await MakeKeyAsync("host", "");
        PrivateKey = await MakeKeyAsync("user", "");
        ProtectedKey = await MakeKeyAsync("protected", Passphrase);
        UnknownKey = await MakeKeyAsync("unknown", "");
        var authorized = await File.ReadAllTextAsync(_folder.PathOf("user.pub")) + await File.ReadAllTextAsync(_folder.PathOf("protected.pub"));
        await File.WriteAllTextAsync(_folder.PathOf("authorized_keys"), authorized);
        HostKey = await PublicKeyAsync("host");
        Port = FreePorts.Take(1)[0];
        await StartAsync();
    }

    /// <summary>Starts the server, again on the same port after <see cref="StopAsync"/>.</summary>
    public async Task StartAsync()
    {
        // sshd wants this folder even when it never separates privileges in it.
        Directory.CreateDirectory("/run/sshd");
        await File.WriteAllTextAsync(_folder.PathOf("sshd_config"), $"""
            ListenAddress 127.0.0.1
            Port {Port}
            HostKey {_folder.PathOf("host")}
            PidFile none
            AuthorizedKeysFile {_folder.PathOf("authorized_keys")}
            StrictModes no
            PasswordAuthentication no
            KbdInteractiveAuthentication no
            PermitRootLogin yes
            UsePAM no
            MaxStartups 100:30:200
            Subsystem sftp internal-sftp{(ReadOnly ? " -R" : "")}
            """);
        var start = new ProcessStartInfo(Find("sshd")) { RedirectStandardError = true, ArgumentList = { "-D", "-e", "-f", _folder.PathOf("sshd_config") } };
        _server = Process.Start(start)!;
        _server.ErrorDataReceived += (_, _) => { };
        _server.BeginErrorReadLine();
        await Until.True(AnswersAsync);
    }

    /// <summary>Ends the server and every session of it, as a power cut would.</summary>
    public async Task StopAsync()
    {
        if (_server is { } server)
        {
            _server = null;

            // A stopped process whose parent is gone is found by no tree and would stay for ever.
            Signal("KILL");
            _frozen.Clear();
            server.Kill(entireProcessTree: true);
            await server.WaitForExitAsync();
            server.Dispose();
        }
    }

    /// <summary>Stops every session process, so that connections live and nothing answers; <see cref="Resume"/> lets them go on.</summary>
    public void Freeze()
    {
        _frozen.AddRange(ChildrenOf(_server!.Id));
        Signal("STOP");
    }

    /// <summary>Ends <see cref="Freeze"/>, also for sessions whose own parent has ended meanwhile.</summary>
    public void Resume()
    {
        Signal("CONT");
        _frozen.Clear();
    }

    /// <summary>Gives the server another host key, with the same port; <see cref="HostKey"/> is the new one only if <paramref name="tellsTheNewOne"/>.</summary>
    public async Task ChangeHostKeyAsync(bool tellsTheNewOne = true)
    {
        await StopAsync();
        File.Delete(_folder.PathOf("host"));
        await MakeKeyAsync("host", "");
        HostKey = tellsTheNewOne ? await PublicKeyAsync("host") : HostKey;
        await StartAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }

    private static string Find(string program) => SearchPath.Select(folder => Path.Combine(folder, program)).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException($"The tests need the OpenSSH server, and '{program}' is not installed (package openssh-server).");

    private async Task<bool> AnswersAsync()
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", Port);
            return await client.GetStream().ReadAsync(new byte[1]) > 0;
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            return _server!.HasExited ? throw new InvalidOperationException($"sshd ended with {_server.ExitCode}.") : false;
        }
    }

    private void Signal(string signal)
    {
        foreach (var session in _frozen)
        {
            using var kill = Process.Start(new ProcessStartInfo("kill", [$"-{signal}", $"{session}"]) { RedirectStandardError = true })!;
            kill.WaitForExit();
        }
    }

    private static IEnumerable<int> ChildrenOf(int parent)
    {
        string children;
        try
        {
            children = File.ReadAllText($"/proc/{parent}/task/{parent}/children");
        }
        catch (Exception e) when (e is DirectoryNotFoundException or FileNotFoundException || e.HResult == NoSuchProcess)
        {
            // It ended in this moment, and with it its children.
            yield break;
        }

        foreach (var child in children.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse))
        {
            yield return child;
            foreach (var below in ChildrenOf(child))
            {
                yield return below;
            }
        }
    }

    private async Task<string> MakeKeyAsync(string name, string passphrase)
    {
        using var keygen = Process.Start(Find("ssh-keygen"), ["-q", "-t", "ed25519", "-N", passphrase, "-C", name, "-f", _folder.PathOf(name)]);
        await keygen.WaitForExitAsync();
        return await File.ReadAllTextAsync(_folder.PathOf(name));
    }

    private async Task<string> PublicKeyAsync(string name) => string.Join(' ', (await File.ReadAllTextAsync(_folder.PathOf($"{name}.pub"))).Split(' ')[..2]);
}
