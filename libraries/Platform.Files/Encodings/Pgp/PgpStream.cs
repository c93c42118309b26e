using System.Diagnostics;
using System.Text;
using Platform.Files.Engine;

namespace Platform.Files.Encodings.Pgp;

/// <summary>
/// What GnuPG makes of a message. The end is a verdict: it ends only when gpg ended well and said that the message is complete and unchanged (GOODMDC). Keys live in a private
/// home that is removed, agent and all; passphrases go through standard input, never through arguments or files.
/// </summary>
internal sealed class PgpStream : ForwardStream
{
    private const string Gpg = "/usr/bin/gpg";
    private const string GpgConf = "/usr/bin/gpgconf";
    private const int PumpBytes = 128 << 10;

    /// <summary>A Unix socket's path has at most 107 bytes, and the agent's are in the home, the longest of them <c>/S.gpg-agent.browser</c>.</summary>
    private const int LongestHome = 107 - 20;

    private static int _homes;

    private readonly EncodedSource _source;
    private readonly string _home;
    private readonly GpgStatus _status = new();
    private readonly Process _process;
    private readonly Thread _pump;
    private readonly Task _statusRead;
    private readonly Stream _output;
    private long _taken;
    private long _made;
    private Exception? _inputFailure;
    private bool _ended;

    public PgpStream(Stream input, PgpKey key, EncodedSource source)
    {
        _source = source;
        _home = Path.Combine(source.ScratchFolder, $"pgp{Interlocked.Increment(ref _homes)}");
        if (Encoding.UTF8.GetByteCount(_home) > LongestHome)
        {
            throw new EngineException(EngineFailure.Environment, $"{source.Name} is encrypted with PGP, for which the path of Scratch:Root is too long. Set one that is at least {_home.Length - LongestHome} characters shorter.");
        }

        Directory.CreateDirectory(_home, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        try
        {
            if (key.PrivateKey is { Length: > 0 })
            {
                Import(key.PrivateKey);
            }

            // gpg takes the first line of its input, byte by byte, and the message after it.
            _process = Start("--passphrase-fd", "0", "--skip-verify", "--decrypt");
        }
        catch
        {
            RemoveHome();
            throw;
        }

        _output = _process.StandardOutput.BaseStream;
        _statusRead = _status.ReadAsync(_process.StandardError);
        _pump = new Thread(() => Pump(input, key.Passphrase ?? "")) { IsBackground = true, Name = "pgp input" };
        _pump.Start();
    }

    public override int Read(Span<byte> buffer)
    {
        if (_ended || buffer.IsEmpty)
        {
            return 0;
        }

        var read = _output.Read(buffer);
        if (read == 0)
        {
            End();
            _ended = true;
            return 0;
        }

        _made += read;
        _source.Limits.Check(_source.Name, "pgp", Interlocked.Read(ref _taken), _made);
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _process.Kill();
            _process.WaitForExit();
            _pump.Join();
            _statusRead.GetAwaiter().GetResult();
            _process.Dispose();
            RemoveHome();
        }

        base.Dispose(disposing);
    }

    private void End()
    {
        _pump.Join();
        _process.WaitForExit();
        _statusRead.GetAwaiter().GetResult();
        if (_inputFailure is EngineException)
        {
            throw _inputFailure;
        }

        if (_inputFailure is not null)
        {
            throw new EngineException(EngineFailure.Environment, $"Reading {_source.Name} failed on this machine: {_inputFailure.Message}", _inputFailure);
        }

        if (_process.ExitCode != 0 || !_status.IsGood)
        {
            throw new EngineException(EngineFailure.BadFile, $"{_source.Name} cannot be decrypted: {_status.Problem()}");
        }
    }

    private void Import(string privateKey)
    {
        using var import = Start("--import");
        var status = new GpgStatus();
        var reading = status.ReadAsync(import.StandardError);
        import.StandardInput.Write(privateKey);
        import.StandardInput.Close();
        import.StandardOutput.BaseStream.CopyTo(Null);
        import.WaitForExit();
        reading.GetAwaiter().GetResult();
        if (!status.HasSecretKey)
        {
            throw new EngineException(EngineFailure.BadFile, $"{_source.Name} cannot be decrypted: the credential's private key is not one that GnuPG takes. Enter the whole armored private key.");
        }
    }

    private Process Start(params string[] command)
    {
        var info = new ProcessStartInfo(Gpg) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
        info.Environment.Clear();
        info.Environment["LC_ALL"] = "C.UTF-8";
        info.Environment["PATH"] = "/usr/bin:/bin";
        foreach (var argument in (string[])["--homedir", _home, "--no-options", "--batch", "--no-tty", "--quiet", "--status-fd", "2", "--pinentry-mode", "loopback", "--trust-model", "always", .. command])
        {
            info.ArgumentList.Add(argument);
        }

        try
        {
            return Process.Start(info)!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new EngineException(EngineFailure.Environment, $"{_source.Name} is encrypted with PGP, and GnuPG cannot be started ({Gpg}). Install gnupg.", e);
        }
    }

    private void Pump(Stream input, string passphrase)
    {
        try
        {
            using (input)
            using (var target = _process.StandardInput.BaseStream)
            {
                target.Write(Encoding.UTF8.GetBytes($"{passphrase}\n"));
                var buffer = new byte[PumpBytes];
                for (int read; (read = Take(input, buffer)) > 0; Interlocked.Add(ref _taken, read))
                {
                    target.Write(buffer, 0, read);
                }
            }
        }
        catch (IOException)
        {
            // gpg wants no more; its status says why.
        }
        catch (Exception e)
        {
            _inputFailure = e;
        }
    }

    /// <summary>A fault of the input is told apart from one of the pipe.</summary>
    private static int Take(Stream input, byte[] buffer)
    {
        try
        {
            return input.Read(buffer);
        }
        catch (IOException e)
        {
            throw new InvalidOperationException(e.Message, e);
        }
    }

    private void RemoveHome()
    {
        // The agent is told to end; it would notice by itself that its home is gone, only later.
        if (File.Exists(GpgConf))
        {
            var info = new ProcessStartInfo(GpgConf, ["--homedir", _home, "--kill", "all"]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = "/" };
            info.Environment.Clear();
            info.Environment["PATH"] = "/usr/bin:/bin";
            using var kill = Process.Start(info)!;
            kill.StandardInput.Close();
            kill.StandardOutput.BaseStream.CopyTo(Null);
            kill.WaitForExit();
        }

        try
        {
            Directory.Delete(_home, recursive: true);
        }
        catch (DirectoryNotFoundException)
        {
            // The job's folder was removed first.
        }
    }
}
