using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Platform.Testing.Servers;

/// <summary>Fixture: an SFTP server of another make (Debian's python3-asyncssh), with login by password, and its root at <see cref="Files"/>.</summary>
public sealed class AsyncSshServer : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private Process? _server;

    /// <summary>The port it listens on.</summary>
    public int Port { get; private set; }

    /// <summary>The account.</summary>
    public string User => "partner";

    /// <summary>Its password, with everything that quoting could break.</summary>
    public string Password => "p'a\"s $s\\w`ö;rd";

    /// <summary>The host key as a line <c>type base64</c>.</summary>
    public string HostKey { get; private set; } = "";

    /// <summary>The folder the account sees as <c>/</c>.</summary>
    public string Files => _folder.PathOf("files");

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Files);
        var key = _folder.PathOf("host");
        using (var keygen = Process.Start("ssh-keygen", ["-q", "-t", "ecdsa", "-N", "", "-f", key]))
        {
            await keygen.WaitForExitAsync();
        }

        HostKey = string.Join(' ', (await File.ReadAllTextAsync($"{key}.pub")).Split(' ')[..2]);
        Port = FreePorts.Take(1)[0];
        var script = Repository.PathOf("tests", "Platform.Testing", "Servers", "AsyncSshServer.py");
        var start = new ProcessStartInfo("/usr/bin/python3", ["-B", script, Port.ToString(CultureInfo.InvariantCulture), key, Files, User, Password])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _server = Process.Start(start)!;
        var errors = _server.StandardError.ReadToEndAsync();
        if (await _server.StandardOutput.ReadLineAsync() != "ready")
        {
            throw new InvalidOperationException($"The tests need the asyncssh server (package python3-asyncssh): {await errors}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            _server.StandardInput.Close();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }

        _folder.Dispose();
    }
}
