using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;

namespace Platform.Files.Engine;

/// <summary>
/// Reads files. Every job runs in a child process of its own, which is killed when the job is cancelled or takes too long; one child is kept ready while none works. Safe for
/// concurrent use: jobs wait for one of the places that <see cref="EngineOptions.ParallelCopies"/> and <see cref="EngineOptions.ParallelLooks"/> give, in their order.
/// </summary>
public sealed class Engine : IAsyncDisposable
{
    /// <summary>The most bytes <see cref="HeadAsync"/> gives.</summary>
    public const int MostHeadBytes = 4 << 20;

    private readonly EngineOptions _options;
    private readonly TimeProvider _clock;
    private readonly ILogger<Engine> _log;
    private readonly ChildLauncher _launcher = new();
    private readonly ScratchFolders _scratch;

    // Not disposed of: a job that ends while the engine does gives its place back.
    private readonly SemaphoreSlim _copies;
    private readonly SemaphoreSlim _looks;
    private readonly Lock _lock = new();
    private Task<ChildProcess>? _warm;
    private int _working;
    private bool _disposed;

    /// <summary>Creates the engine; the first child is started with the first job.</summary>
    public Engine(EngineOptions options, TimeProvider clock, ILogger<Engine> log)
    {
        _options = options;
        _clock = clock;
        _log = log;
        _scratch = new ScratchFolders(options.ScratchRoot);
        _copies = new SemaphoreSlim(options.ParallelCopies);
        _looks = new SemaphoreSlim(options.ParallelLooks);
    }

    /// <summary>The columns of a file, those of its path last.</summary>
    /// <exception cref="EngineException">The file cannot be read.</exception>
    public async Task<IReadOnlyList<InferredField>> InferAsync(SourceFile file, CancellationToken cancellationToken) =>
        await LookAsync(Job(EngineTask.Infer, [file]), EngineJson.Default.IReadOnlyListInferredField, cancellationToken);

    /// <summary>The first <paramref name="rows"/> rows of a file.</summary>
    /// <exception cref="EngineException">The file cannot be read.</exception>
    public async Task<PreviewResult> PreviewAsync(SourceFile file, int rows, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        return await LookAsync(Job(EngineTask.Preview, [file]) with { PreviewRows = rows }, EngineJson.Default.PreviewResult, cancellationToken);
    }

    /// <summary>The first <paramref name="bytes"/> bytes of a file as it is without packing and encryption; of an archive, those of its first wanted member.</summary>
    /// <exception cref="EngineException">The file cannot be read.</exception>
    public async Task<FileHead> HeadAsync(SourceFile file, int bytes, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, MostHeadBytes);
        return await LookAsync(Job(EngineTask.Head, [file]) with { HeadBytes = bytes }, EngineJson.Default.FileHead, cancellationToken);
    }

    /// <summary>The columns of a query's result over <paramref name="files"/>, and its first <paramref name="rows"/> rows.</summary>
    /// <exception cref="EngineException">A file cannot be read, or the query is refused or fails.</exception>
    public async Task<PreviewResult> PreviewAsync(IReadOnlyList<SourceFile> files, IngestQuery query, int rows, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(rows);
        return await LookAsync(Job(EngineTask.Preview, files) with { Query = query, PreviewRows = rows }, EngineJson.Default.PreviewResult, cancellationToken);
    }

    /// <summary>The columns of a query's result over <paramref name="files"/>.</summary>
    /// <exception cref="EngineException">A file cannot be read, or the query is refused or fails.</exception>
    public async Task<IReadOnlyList<InferredField>> InferAsync(IReadOnlyList<SourceFile> files, IngestQuery query, CancellationToken cancellationToken) =>
        await LookAsync(Job(EngineTask.Infer, files) with { Query = query, PreviewRows = 1 }, EngineJson.Default.IReadOnlyListInferredField, cancellationToken);

    /// <summary>
    /// Writes the files' rows to <paramref name="sink"/>: the fields in their order, then <c>_load_id</c>, <c>_file_id</c> and <c>_row_no</c>, all <c>bigint</c>.
    /// What the sink took is worth something only if this returns: a file may turn out bad at its end. What the sink throws is thrown.
    /// </summary>
    /// <exception cref="EngineException">A file cannot be read, or not as the fields want it.</exception>
    public async Task<CopySummary> CopyAsync(CopyJob job, CopySink sink, CancellationToken cancellationToken)
    {
        var task = Job(EngineTask.Copy, job.Files) with
        {
            Query = job.Query,
            Fields = job.Fields,
            LoadId = job.LoadId,
            IncludeHeaderTrailer = job.IncludeHeaderTrailer,
            MaxRejectsKept = job.MaxRejectsKept,
        };
        return await RunAsync(task, EngineJson.Default.CopySummary, sink, _options.TimeLimit, cancellationToken);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        Task<ChildProcess>? warm;
        lock (_lock)
        {
            _disposed = true;
            warm = _warm;
            _warm = null;
        }

        if (warm is not null)
        {
            await (await warm).DisposeAsync();
        }

        _launcher.Dispose();
    }

    private Task<T> LookAsync<T>(EngineJob job, JsonTypeInfo<T> result, CancellationToken cancellationToken)
    {
        var nowhere = new CopySink { OnData = (_, _) => ValueTask.CompletedTask };
        return RunAsync(job, result, nowhere, _options.PreviewTimeLimit, cancellationToken);
    }

    // A long copy keeps nobody from looking into a file: the two have places of their own.
    private async Task<T> RunAsync<T>(EngineJob job, JsonTypeInfo<T> result, CopySink sink, TimeSpan limit, CancellationToken cancellationToken)
    {
        var places = job.Task == EngineTask.Copy ? _copies : _looks;
        await places.WaitAsync(cancellationToken);
        try
        {
            return await RunInPlaceAsync(job, result, sink, limit, cancellationToken);
        }
        finally
        {
            places.Release();
        }
    }

    private async Task<T> RunInPlaceAsync<T>(EngineJob job, JsonTypeInfo<T> result, CopySink sink, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var scratch = _scratch.Create();
        using var timeLimit = new CancellationTokenSource(limit, _clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeLimit.Token);
        var child = await BeginAsync();
        try
        {
            // Reading a pipe cannot be cancelled; the end of the child ends it.
            await using var killed = stop.Token.Register(child.Kill);
            await child.SendAsync(job with { ScratchFolder = scratch.Path });
            return await RelayAsync(child, result, sink, cancellationToken)
                ?? throw (stop.IsCancellationRequested ? new OperationCanceledException(stop.Token) : await child.DeathAsync());
        }
        catch (OperationCanceledException) when (timeLimit.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var setting = job.Task == EngineTask.Copy ? nameof(EngineOptions.TimeLimit) : nameof(EngineOptions.PreviewTimeLimit);
            throw job.Query is null
                ? new EngineException(EngineFailure.Environment, $"Reading {Names(job)} took longer than {limit}. Engine:{setting} allows no more.")
                : new EngineException(EngineFailure.BadQuery, $"The ingest query took longer than {limit}. Engine:{setting} allows no more. Have it look at less, or join by columns instead of all rows with all.");
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        finally
        {
            await child.DisposeAsync();
            End();
        }
    }

    /// <summary>Passes the frames on; the result, or nothing when the child ended before it.</summary>
    private static async Task<T?> RelayAsync<T>(ChildProcess child, JsonTypeInfo<T> result, CopySink sink, CancellationToken cancellationToken)
    {
        while (await child.ReadAsync() is var (type, payload))
        {
            switch (type)
            {
                case FrameType.Data:
                    await sink.OnData(payload, cancellationToken);
                    break;
                case FrameType.Rejected when sink.OnRejected is not null:
                    foreach (var rejected in JsonSerializer.Deserialize(payload.Span, EngineJson.Default.ListRejectedRow)!)
                    {
                        await sink.OnRejected(rejected, cancellationToken);
                    }

                    break;
                case FrameType.Progress:
                    sink.OnProgress?.Invoke(BinaryPrimitives.ReadInt64LittleEndian(payload.Span));
                    break;
                case FrameType.Summary:
                    return JsonSerializer.Deserialize(payload.Span, result);
                case FrameType.Error:
                    var error = JsonSerializer.Deserialize(payload.Span, EngineJson.Default.EngineError)!;
                    throw new EngineException(error.Failure, error.Message);
            }
        }

        return default;
    }

    private EngineJob Job(EngineTask task, IReadOnlyList<SourceFile> files) => new()
    {
        Task = task,
        Files = files,
        ScratchFolder = "",
        ScratchQuotaMegabytes = _options.ScratchQuotaMegabytes,
        DecodedLimitMegabytes = _options.DecodedLimitMegabytes,
        MemoryLimitMegabytes = _options.MemoryLimitMegabytes,
        Threads = _options.Threads,
    };

    private async Task<ChildProcess> BeginAsync()
    {
        Task<ChildProcess>? warm;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            warm = _warm;
            _warm = null;
            _working++;
        }

        try
        {
            return await TakeAsync(warm);
        }
        catch
        {
            End();
            throw;
        }
    }

    private async Task<ChildProcess> TakeAsync(Task<ChildProcess>? warm)
    {
        if (warm is null)
        {
            return await ChildProcess.StartAsync(_launcher, _options);
        }

        var child = await warm;
        if (!child.HasExited)
        {
            return child;
        }

        EngineLog.WarmChildLost(_log, child.Id);
        await child.DisposeAsync();
        return await ChildProcess.StartAsync(_launcher, _options);
    }

    /// <summary>Starts the next child once no job runs: a start costs a tenth of a second of processor time, and a child that waits beside one that works costs memory.</summary>
    private void End()
    {
        lock (_lock)
        {
            _working--;
            if (!_disposed && _working == 0)
            {
                _warm ??= ChildProcess.StartAsync(_launcher, _options);
            }
        }
    }

    private static string Names(EngineJob job) => job.Files is [var only] ? only.Name : $"{job.Files.Count} files";
}
