using System.Diagnostics;
using System.Globalization;
using Platform.Files.Engine;
using Platform.Testing;
using Xunit;
using FileEngine = Platform.Files.Engine.Engine;

namespace Platform.Files.Tests.Engine;

/// <summary>The life and death of the engine's children.</summary>
public sealed class ChildProcessTests(EngineFixture files)
{
    private static readonly LoadField Text = new() { Name = "text", Incoming = "text", Type = FieldType.String };

    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_killed_child_is_an_environment_failure_and_the_next_job_works()
    {
        await using var engine = files.Create();
        var file = Large();
        var killed = false;
        var error = await Assert.ThrowsAsync<EngineException>(() => CopyAsync(engine, file, _ =>
        {
            if (!killed)
            {
                killed = true;
                KillChildren(engine);
            }
        }));
        Assert.Equal(EngineFailure.Environment, error.Failure);
        Assert.Contains("killed", error.Message, StringComparison.Ordinal);
        Assert.Equal(1_000_000, (await CopyAsync(engine, file)).Written);
    }

    [Fact]
    public async Task A_waiting_child_that_was_killed_is_replaced()
    {
        await using var engine = files.Create();
        var file = files.Parquet("SELECT 'a' AS text");
        Assert.Equal(1, (await CopyAsync(engine, file)).Written);
        await Until.True(() => files.ChildrenOf(engine).Length == 1, cancellationToken: _cancellation);
        var waiting = files.ChildrenOf(engine).Single();
        KillChildren(engine);
        await Until.True(() => !Directory.Exists($"/proc/{waiting}"), cancellationToken: _cancellation);
        Assert.Equal(1, (await CopyAsync(engine, file)).Written);
    }

    [Fact]
    public async Task Cancelling_kills_the_child_at_once()
    {
        await using var engine = files.Create();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        var stopwatch = new Stopwatch();
        var stuck = new TaskCompletionSource();
        var copy = engine.CopyAsync(
            new CopyJob { Files = [Large()], Fields = [Text], LoadId = 1 },
            new CopySink
            {
                // A sink that no longer takes anything, so that the child waits in the middle of a write.
                OnData = async (_, token) => { stuck.TrySetResult(); await Task.Delay(Timeout.Infinite, token); },
            },
            cancel.Token);
        await stuck.Task.WaitAsync(_cancellation);
        var child = files.ChildrenOf(engine).Single();
        stopwatch.Start();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => copy);
        Assert.InRange(stopwatch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(5));
        Assert.False(Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task A_job_over_its_time_is_killed()
    {
        await using var engine = files.Create(options => options with { TimeLimit = TimeSpan.FromMilliseconds(200) });
        var error = await Assert.ThrowsAsync<EngineException>(() => engine.CopyAsync(
            new CopyJob { Files = [Large()], Fields = [Text], LoadId = 1 },
            new CopySink { OnData = async (_, token) => await Task.Delay(TimeSpan.FromMilliseconds(250), token) },
            _cancellation));
        Assert.Equal(EngineFailure.Environment, error.Failure);
        Assert.Contains("took longer than", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_over_its_time_is_killed_and_at_fault_itself()
    {
        await using var engine = files.Create(options => options with { PreviewTimeLimit = TimeSpan.FromMilliseconds(500) });

        var error = await Assert.ThrowsAsync<EngineException>(() => engine.PreviewAsync([Large()], new IngestQuery("select count(*) as n from range(1000000000000) r", ["large"]), 1, _cancellation));

        Assert.Equal(EngineFailure.BadQuery, error.Failure);
        Assert.Contains("Engine:PreviewTimeLimit", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_sink_throws_is_thrown_and_the_child_is_gone()
    {
        await using var engine = files.Create();
        var child = 0;
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => CopyAsync(engine, Large(), _ =>
        {
            child = files.ChildrenOf(engine).Single();
            throw new InvalidTimeZoneException();
        }));
        Assert.NotEqual(0, child);
        Assert.False(Directory.Exists($"/proc/{child}"));
    }

    [Fact]
    public async Task One_copies_and_one_looks_at_a_time_and_no_child_waits_beside_them()
    {
        await using var engine = files.Create();
        var file = Large();
        var begun = new TaskCompletionSource();
        var goOn = new TaskCompletionSource();
        var first = engine.CopyAsync(
            new CopyJob { Files = [file], Fields = [Text], LoadId = 1 },
            new CopySink { OnData = async (_, token) => { begun.TrySetResult(); await goOn.Task.WaitAsync(token); } },
            _cancellation);
        await begun.Task.WaitAsync(_cancellation);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(_cancellation);
        var waiting = Enumerable.Range(0, 2).Select(_ => CopyAsync(engine, file)).ToArray();
        var cancelled = engine.CopyAsync(new CopyJob { Files = [file], Fields = [Text], LoadId = 1 }, new CopySink { OnData = (_, _) => ValueTask.CompletedTask }, cancel.Token);

        // The copy stands still, and those who look get their answers.
        var most = 0;
        var looks = await Task.WhenAll(Enumerable.Range(0, 4).Select(async _ =>
        {
            var columns = await engine.InferAsync(file, _cancellation);
            most = Math.Max(most, files.ChildrenOf(engine).Length);
            return columns;
        }));
        Assert.All(looks, columns => Assert.Equal("text", Assert.Single(columns).Name));
        Assert.InRange(most, 1, 2);
        Assert.Single(files.ChildrenOf(engine));
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.All(waiting, copy => Assert.False(copy.IsCompleted));

        goOn.SetResult();
        Assert.All(await Task.WhenAll([first, .. waiting]), copy => Assert.Equal(1_000_000, copy.Written));
        await Until.True(() => files.ChildrenOf(engine).Length == 1, cancellationToken: _cancellation);
    }

    [Fact]
    public async Task Nothing_is_left_after_dispose()
    {
        var engine = files.Create();
        await CopyAsync(engine, files.Parquet("SELECT 'a' AS text"));
        await Until.True(() => files.ChildrenOf(engine).Length == 1, cancellationToken: _cancellation);
        var waiting = files.ChildrenOf(engine).Single();
        await engine.DisposeAsync();
        Assert.False(Directory.Exists($"/proc/{waiting}"));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => CopyAsync(engine, files.Parquet("SELECT 'a' AS text")));
    }

    [Fact]
    public async Task A_child_inherits_no_environment_and_leaves_no_scratch()
    {
        Environment.SetEnvironmentVariable("PLATFORM_TEST_SECRET", "s3cret");
        using var scratch = new TemporaryFolder();
        await using var engine = files.Create(options => options with { ScratchRoot = scratch.Path });
        string? environment = null;
        await CopyAsync(engine, Large(), _ => environment ??= EngineFixture.EnvironmentOf($"/proc/{files.ChildrenOf(engine)[0]}"));
        Assert.Contains("DOTNET_GCHeapHardLimit", environment, StringComparison.Ordinal);
        Assert.DoesNotContain("PLATFORM_TEST_SECRET", environment, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(scratch.Path));
    }

    [Fact]
    public async Task Scratch_of_processes_that_are_gone_is_swept_at_start()
    {
        using var scratch = new TemporaryFolder();
        var gone = Directory.CreateDirectory(scratch.PathOf($"engine-{int.MaxValue}-123-1"));
        File.WriteAllText(Path.Combine(gone.FullName, "spill"), "x");
        var reused = Directory.CreateDirectory(scratch.PathOf($"engine-{Environment.ProcessId}-1-1"));
        await using var engine = files.Create(options => options with { ScratchRoot = scratch.Path });
        Assert.False(gone.Exists && Directory.Exists(gone.FullName));
        Assert.False(Directory.Exists(reused.FullName));
    }

    [Fact]
    public async Task Two_million_rows_pass_in_bounded_memory()
    {
        var file = files.Parquet("""
            SELECT uuid()::VARCHAR AS uuid, TIMESTAMP '2020-09-14' + to_milliseconds(i) AS timestamp, 'visitor_' || (i % 300000) AS visitor_id, i % 1000 AS revenue,
                   random() AS value, i % 3 = 0 AS is_holdback, [{'id': '1', 'value': 'v' || i}] AS attributes, MAP {'k': 'v' || i} AS tags,
                   'https://example.com/' || (i % 1000) AS referer, (i / 7)::DECIMAL(18,4) AS amount
            FROM range(2000000) t(i)
            """);
        var fields = await files.FieldsOfAsync(file);
        await using var engine = files.Create();
        long bytes = 0, peak = 0;
        var child = 0;
        var progress = new List<long>();
        var summary = await engine.CopyAsync(
            new CopyJob { Files = [file], Fields = fields, LoadId = 1 },
            new CopySink
            {
                OnData = (data, _) =>
                {
                    bytes += data.Length;
                    child = child == 0 ? files.ChildrenOf(engine)[0] : child;
                    peak = PeakKilobytes(child);
                    return ValueTask.CompletedTask;
                },
                OnProgress = progress.Add,
            },
            _cancellation);
        Assert.Equal((2_000_000L, 0L, 2_000_000L), (summary.Read, summary.Rejected, summary.Written));
        Assert.True(bytes > 300_000_000, $"{bytes} bytes");
        Assert.InRange(peak, 1, 250 * 1024);
        Assert.Equal(progress.Order(), progress);
        Assert.Equal(2_000_000, progress[^1]);
    }

    private static Task<CopySummary> CopyAsync(FileEngine engine, SourceFile file, Action<ReadOnlyMemory<byte>>? onData = null) => engine.CopyAsync(
        new CopyJob { Files = [file], Fields = [Text], LoadId = 1 },
        new CopySink
        {
            OnData = (data, _) =>
            {
                onData?.Invoke(data);
                return ValueTask.CompletedTask;
            },
        },
        TestContext.Current.CancellationToken);

    private void KillChildren(FileEngine engine)
    {
        foreach (var child in files.ChildrenOf(engine))
        {
            using var process = Process.GetProcessById(child);
            process.Kill();
        }
    }

    private static long PeakKilobytes(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line["VmHWM:".Length..^"kB".Length], CultureInfo.InvariantCulture);
    }

    /// <summary>A file whose rows do not fit into the pipe.</summary>
    private SourceFile Large() => files.Parquet("SELECT 'some text to fill the pipe ' || i AS text FROM range(1000000) t(i)");
}
