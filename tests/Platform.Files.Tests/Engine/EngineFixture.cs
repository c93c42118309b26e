using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging.Abstractions;
using Platform.Files.Engine;
using Platform.Files.Tests.Engine;
using Platform.Testing;
using Xunit;
using FileEngine = Platform.Files.Engine.Engine;

[assembly: AssemblyFixture(typeof(EngineFixture))]

namespace Platform.Files.Tests.Engine;

/// <summary>An engine whose children are this test executable, and files for it to read.</summary>
public sealed class EngineFixture : IAsyncDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly ConcurrentDictionary<FileEngine, string> _marks = [];
    private int _files;

    public EngineFixture() => Engine = Create();

    public FileEngine Engine { get; }

    public static EngineOptions Options(string scratchRoot) => new() { ScratchRoot = scratchRoot, ChildAssembly = typeof(EngineFixture).Assembly.Location };

    /// <summary>A further engine, for tests that end or limit it.</summary>
    public FileEngine Create(Func<EngineOptions, EngineOptions>? change = null)
    {
        // Each engine's children have a limit of their own in their environment, by which they are told from those of others.
        var number = Interlocked.Increment(ref _files);
        var options = Options(_folder.PathOf($"scratch-{number}")) with { DataLimitMegabytes = 1536 + number };
        var engine = new FileEngine(change?.Invoke(options) ?? options, TimeProvider.System, NullLogger<FileEngine>.Instance);
        _marks[engine] = $"{EngineHost.DataLimitVariable}={(long)options.DataLimitMegabytes << 20}\0";
        return engine;
    }

    /// <summary>The process ids of an engine's children.</summary>
    public int[] ChildrenOf(FileEngine engine) =>
    [
        .. Directory.EnumerateDirectories("/proc")
            .Where(folder => int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out _) && EnvironmentOf(folder).Contains(_marks[engine], StringComparison.Ordinal))
            .Select(folder => int.Parse(Path.GetFileName(folder), CultureInfo.InvariantCulture)),
    ];

    /// <summary>A process's environment; nothing for one that has just ended or belongs to someone else.</summary>
    public static string EnvironmentOf(string procFolder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(procFolder, "environ"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    public string PathOf(string name) => _folder.PathOf(name);

    public static SourceFile Source(string path, long fileId = 1, string format = "parquet") =>
        new() { Path = path, Name = $"landed/{Path.GetFileName(path)}", Format = format, FileId = fileId };

    /// <summary>Writes what a query gives into a Parquet file.</summary>
    public SourceFile Parquet(string query, long fileId = 1, string options = "")
    {
        var path = _folder.PathOf($"{Interlocked.Increment(ref _files)}.parquet");
        using var connection = DuckDb.OpenInMemory();
        connection.Execute($"SET TimeZone='UTC'; COPY ({query}) TO {DuckDb.Literal(path)} (FORMAT parquet{options})");
        return Source(path, fileId);
    }

    public Task<Copied> CopyAsync(SourceFile file, params LoadField[] fields) => CopyAsync([file], fields);

    public async Task<Copied> CopyAsync(IReadOnlyList<SourceFile> files, IReadOnlyList<LoadField> fields)
    {
        using var stream = new MemoryStream();
        var rejected = new List<RejectedRow>();
        var summary = await Engine.CopyAsync(
            new CopyJob { Files = files, Fields = fields, LoadId = 42 },
            new CopySink { OnData = stream.WriteAsync, OnRejected = (row, _) => { rejected.Add(row); return ValueTask.CompletedTask; } },
            TestContext.Current.CancellationToken);
        var rows = CopyReader.Read(stream.ToArray(), fields);
        Assert.Equal(summary.Written, rows.Count);
        Assert.Equal(summary.Read, summary.Written + summary.Rejected);
        Assert.Equal(files.Select(file => file.FileId), summary.Files.Select(file => file.FileId));
        return new Copied(rows, rejected, summary);
    }

    /// <summary>A field of its own type for each column.</summary>
    public async Task<LoadField[]> FieldsOfAsync(SourceFile file) =>
    [
        .. (await Engine.InferAsync(file, TestContext.Current.CancellationToken)).Select(column => new LoadField
        {
            Name = column.Name,
            Incoming = column.Name,
            Type = column.Type,
            Precision = column.Precision ?? LoadField.MaxPrecision,
            Scale = column.Scale ?? 0,
        }),
    ];

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _folder.Dispose();
    }
}

/// <summary>What a copy gave, decoded.</summary>
public sealed record Copied(IReadOnlyList<CopiedRow> Rows, IReadOnlyList<RejectedRow> Rejected, CopySummary Summary)
{
    /// <summary>The values of a field, in the order of the rows.</summary>
    public IEnumerable<string?> Column(int field) => Rows.Select(row => row.Values[field]);
}
