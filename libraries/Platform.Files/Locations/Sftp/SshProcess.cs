#pragma warning disable CA1416 // The platform runs on Linux: file modes exist.
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipes;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Platform.Files.Locations.Sftp;

/// <summary>
/// One <c>ssh -s host sftp</c>: OpenSSH does the cryptography, the host key check and the login, its standard input and output carry SFTP packets. Secrets reach it through
/// files of a private folder, in memory where the system has such a place, that are gone once the login is over; never through a command line or the environment.
/// </summary>
internal sealed partial class SshProcess : IDisposable
{
    private const string FolderPrefix = "platform-ssh-";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    // A name of our own in known_hosts: the checked address is what ssh connects to, and keys are pinned to the server, not to its present address.
    private const string HostAlias = "pinned";

    private const int SetPipeSizeCommand = 1031; // F_SETPIPE_SZ
    private const int PipeSize = 1024 * 1024; // what an ordinary user may have

    private readonly Process _process;
    private readonly StringBuilder _errors = new();
    private readonly TaskCompletionSource _errorsEnded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private string? _folder;

    private SshProcess(Process process, string folder)
    {
        _process = process;
        _folder = folder;
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                _errorsEnded.TrySetResult();
                return;
            }

            lock (_errors)
            {
                // A server's banner may be long; what ssh says itself is short.
                if (_errors.Length < 16 * 1024)
                {
                    _errors.AppendLine(line.Data);
                }
            }
        };
        _process.BeginErrorReadLine();
        Widen(_process.StandardInput.BaseStream);
        Widen(_process.StandardOutput.BaseStream);
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    /// <summary>Starts ssh towards an address that has been checked. The login goes on while this returns.</summary>
    public static SshProcess Start(SftpOptions options, IPAddress address)
    {
        var folder = CreateFolder();
        try
        {
            WriteSecrets(folder, options);
            return new(Run("ssh", Arguments(options, folder, address), folder), folder);
        }
        catch
        {
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    /// <summary>Whether the private key opens with its passphrase. ssh itself keeps that to itself and merely fails to log in.</summary>
    public static async Task<bool> OpensKeyAsync(SftpOptions options, CancellationToken cancellationToken)
    {
        var folder = CreateFolder();
        try
        {
            WriteSecrets(folder, options);
            using var keygen = Run("ssh-keygen", ["-y", "-f", Path.Combine(folder, "key")], folder);
            keygen.StandardInput.Close();
            await Task.WhenAll(keygen.StandardOutput.ReadToEndAsync(cancellationToken), keygen.StandardError.ReadToEndAsync(cancellationToken));
            await keygen.WaitForExitAsync(cancellationToken);
            return keygen.ExitCode == 0;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Removes the secrets: call it as soon as the server has answered.</summary>
    public void ForgetSecrets()
    {
        if (Interlocked.Exchange(ref _folder, null) is { } folder)
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>What ssh wrote before it ended.</summary>
    public async Task<string> ErrorsAsync()
    {
        await Task.WhenAny(_errorsEnded.Task, Task.Delay(TimeSpan.FromSeconds(2)));
        lock (_errors)
        {
            return _errors.ToString();
        }
    }

    public void Kill()
    {
        try
        {
            _process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended by itself.
        }
    }

    public void Dispose()
    {
        Kill();
        ForgetSecrets();
        _process.Dispose();
    }

    private static void WriteSecrets(string folder, SftpOptions options)
    {
        WritePrivate(folder, "known_hosts", string.Concat(options.PinnedKeys().Select(key => $"{HostAlias} {key}\n")));
        WritePrivate(folder, "secret", (options.PrivateKey is null ? options.Password : options.Passphrase) + "\n");
        if (options.PrivateKey is { } key)
        {
            WritePrivate(folder, "key", key.ReplaceLineEndings("\n").TrimEnd('\n') + "\n");
        }
    }

    // A pipe holds 64 KB by itself, a quarter of a block: each block would cost four changes of process. Where the system allows no more, that is what it costs.
    private static void Widen(Stream pipe)
    {
        if (pipe is PipeStream { SafePipeHandle: var handle })
        {
            _ = SetPipeSize(handle, SetPipeSizeCommand, PipeSize);
        }
    }

    [LibraryImport("libc", EntryPoint = "fcntl")]
    private static partial int SetPipeSize(SafePipeHandle pipe, int command, int size);

    private static Process Run(string program, IEnumerable<string> arguments, string folder)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
        };
        start.Environment.Clear();
        start.Environment["PATH"] = Environment.GetEnvironmentVariable("PATH");
        start.Environment["LC_ALL"] = "C";
        start.Environment["HOME"] = folder;
        start.Environment["DISPLAY"] = "none";
        start.Environment["SSH_ASKPASS"] = Askpass.Path;
        start.Environment["SSH_ASKPASS_REQUIRE"] = "force";
        start.Environment["PLATFORM_ASKPASS_FILE"] = Path.Combine(folder, "secret");
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new LocationException(LocationFault.BadSettings, $"The OpenSSH client '{program}' cannot be started on the platform's machine. Install the package openssh-client.", e);
        }
    }

    private static IEnumerable<string> Arguments(SftpOptions options, string folder, IPAddress address)
    {
        string[] settings =
        [
            "StrictHostKeyChecking=yes", $"UserKnownHostsFile={Path.Combine(folder, "known_hosts")}", "GlobalKnownHostsFile=/dev/null", $"HostKeyAlias={HostAlias}",
            "CheckHostIP=no", "UpdateHostKeys=no", "VerifyHostKeyDNS=no",

            // With BatchMode=yes askpass would never be asked (measured).
            "BatchMode=no", "NumberOfPasswordPrompts=1", "IdentitiesOnly=yes", "IdentityAgent=none", "AddKeysToAgent=no",
            options.PrivateKey is null ? "PreferredAuthentications=password,keyboard-interactive" : "PreferredAuthentications=publickey",
            $"IdentityFile={(options.PrivateKey is null ? "none" : Path.Combine(folder, "key"))}",
            $"ConnectTimeout={Math.Max(1, (int)options.ConnectTimeout.TotalSeconds)}", "ConnectionAttempts=1", "ServerAliveInterval=5", "ServerAliveCountMax=3",
            "Compression=no", "ForwardAgent=no", "ForwardX11=no", "ClearAllForwardings=yes", "PermitLocalCommand=no", "ControlPath=none", "ControlMaster=no",
            "CanonicalizeHostname=no", "EscapeChar=none", "RequestTTY=no", "LogLevel=ERROR",
        ];
        return ["-F", "/dev/null", .. settings.SelectMany(setting => new[] { "-o", setting }),
            "-p", options.Port.ToString(CultureInfo.InvariantCulture), "-l", options.User, "-s", "--", address.ToString(), "sftp"];
    }

    private static string CreateFolder() => CreateFolder(Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), FolderPrefix);

    private static string CreateFolder(string parent, string prefix)
    {
        SweepLeftOvers(parent, prefix);
        var folder = Path.Combine(parent, $"{prefix}{Environment.ProcessId}-{Guid.CreateVersion7():n}");
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        return folder;
    }

    // A process that was killed could not clean up.
    private static void SweepLeftOvers(string parent, string prefix)
    {
        foreach (var folder in Directory.EnumerateDirectories(parent, prefix + "*"))
        {
            var owner = Path.GetFileName(folder)[prefix.Length..].Split('-')[0];
            if (Directory.Exists($"/proc/{owner}"))
            {
                continue;
            }

            try
            {
                Directory.Delete(folder, recursive: true);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another process sweeps it too, or it belongs to another user.
            }
        }
    }

    private static void WritePrivate(string folder, string name, string content)
    {
        using var file = new FileStream(Path.Combine(folder, name), new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.Write,
            UnixCreateMode = OwnerOnly,
        });
        file.Write(Encoding.UTF8.GetBytes(content));
    }

    /// <summary>The program ssh asks for a password or passphrase; it holds no secret, and memory-backed folders often forbid running programs.</summary>
    private static class Askpass
    {
        public static string Path { get; } = Create();

        private static string Create()
        {
            var folder = CreateFolder(System.IO.Path.GetTempPath(), "platform-askpass-");
            AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(folder, recursive: true);
            var path = System.IO.Path.Combine(folder, "askpass");
            File.WriteAllText(path, "#!/bin/sh\nexec cat \"$PLATFORM_ASKPASS_FILE\"\n");
            File.SetUnixFileMode(path, OwnerOnly | UnixFileMode.UserExecute);
            return path;
        }
    }
}
