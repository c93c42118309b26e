using System.Buffers;
using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Platform.Files.Engine;

/// <summary>One child of this service: does one job and ends.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int StandardErrorKept = 8000;

    private readonly Process _process;
    private readonly Task<string> _standardError;
    private readonly byte[] _header = new byte[Frame.HeaderLength];
    private byte[] _payload = ArrayPool<byte>.Shared.Rent(1 << 20);

    private ChildProcess(Process process)
    {
        _process = process;
        _standardError = ReadTailAsync(process.StandardError);
    }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public static async Task<ChildProcess> StartAsync(ChildLauncher launcher, EngineOptions options) =>
        new(await launcher.StartAsync(StartInfo(options)));

    public async Task SendAsync(EngineJob job)
    {
        var input = _process.StandardInput.BaseStream;
        try
        {
            await input.WriteAsync(JsonSerializer.SerializeToUtf8Bytes(job, EngineJson.Default.EngineJob));
            await input.WriteAsync("\n"u8.ToArray());
            await input.FlushAsync();
        }
        catch (IOException)
        {
            // The child is gone; reading its answer says how.
        }
    }

    /// <summary>The next frame; its bytes are valid until the next call. <see langword="null"/> when the child ended.</summary>
    public async ValueTask<(FrameType Type, ReadOnlyMemory<byte> Payload)?> ReadAsync()
    {
        var output = _process.StandardOutput.BaseStream;
        if (await output.ReadAtLeastAsync(_header, Frame.HeaderLength, throwOnEndOfStream: false) < Frame.HeaderLength)
        {
            return null;
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(1));
        if (length is < 0 or > Frame.MaxLength)
        {
            throw new EngineException(EngineFailure.Bug, $"The reading process announced {length} bytes; at most {Frame.MaxLength} are possible.");
        }

        if (_payload.Length < length)
        {
            ArrayPool<byte>.Shared.Return(_payload);
            _payload = ArrayPool<byte>.Shared.Rent(length);
        }

        var payload = _payload.AsMemory(0, length);
        return await output.ReadAtLeastAsync(payload, length, throwOnEndOfStream: false) < length ? null : ((FrameType)_header[0], payload);
    }

    /// <summary>Why the child ended without an answer.</summary>
    public async Task<EngineException> DeathAsync()
    {
        await _process.WaitForExitAsync();
        var said = (await _standardError).Trim();
        if (_process.ExitCode == 128 + 9)
        {
            return new EngineException(EngineFailure.Environment, "The reading process was killed from outside (SIGKILL), for example because the machine ran out of memory.");
        }

        return said.Contains("bad_alloc", StringComparison.Ordinal) || said.Contains("OutOfMemory", StringComparison.Ordinal) || said.Contains("Out of memory", StringComparison.Ordinal)
            ? new EngineException(EngineFailure.Environment, "The reading process reached its memory limit. Raise Engine:DataLimitMegabytes or lower Engine:Threads.")
            : new EngineException(EngineFailure.Bug, $"The reading process ended without an answer (exit code {_process.ExitCode}). It said: {(said.Length == 0 ? "nothing" : said)}");
    }

    public void Kill() => _process.Kill();

    public async ValueTask DisposeAsync()
    {
        // Killing an ended process is no error; its streams end with it.
        _process.Kill();
        await _process.WaitForExitAsync();
        await _standardError;
        _process.Dispose();
        ArrayPool<byte>.Shared.Return(_payload);
        _payload = [];
    }

    private static ProcessStartInfo StartInfo(EngineOptions options)
    {
        var assembly = options.ChildAssembly ?? throw new InvalidOperationException("EngineOptions.ChildAssembly is not set.");
        var info = new ProcessStartInfo(DotnetHost())
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = "/",
            ArgumentList = { "exec", assembly, EngineHost.Argument },
        };

        // The service's environment holds its secrets: the child inherits none of it.
        info.Environment.Clear();
        info.Environment["TZ"] = "UTC";
        info.Environment["LC_ALL"] = "C.UTF-8";
        info.Environment["DOTNET_gcServer"] = "0";
        info.Environment["DOTNET_gcConcurrent"] = "0";
        info.Environment["DOTNET_TieredPGO"] = "0";
        info.Environment["DOTNET_GCHeapHardLimit"] = ((long)options.ManagedHeapMegabytes << 20).ToString("x", CultureInfo.InvariantCulture);
        info.Environment["DOTNET_EnableDiagnostics"] = "0";
        info.Environment[EngineHost.DataLimitVariable] = ((long)options.DataLimitMegabytes << 20).ToString(CultureInfo.InvariantCulture);
        info.Environment[EngineHost.ParentVariable] = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        return info;
    }

    /// <summary>The host that runs this process, wherever the SDK or runtime is installed: three folders above the core library.</summary>
    private static string DotnetHost()
    {
        var runtime = Path.GetDirectoryName(typeof(object).Assembly.Location)!;
        return Path.GetFullPath(Path.Combine(runtime, "..", "..", "..", "dotnet"));
    }

    private static async Task<string> ReadTailAsync(StreamReader reader)
    {
        var kept = new StringBuilder();
        var buffer = new char[1024];
        for (int read; (read = await reader.ReadAsync(buffer)) > 0;)
        {
            kept.Append(buffer, 0, read);
            if (kept.Length > StandardErrorKept)
            {
                kept.Remove(0, kept.Length - StandardErrorKept);
            }
        }

        return kept.ToString();
    }
}
