using System.Globalization;
using Npgsql;
using Platform.Contracts.Failures;
using Platform.Feeds.Definitions;
using Platform.Feeds.Tables;
using Platform.Files.Engine;
using Platform.Postgres;

namespace Platform.Feeds.Loading;

/// <summary>Reads the files of a load through the engine into one table, by one binary COPY, and judges what was read.</summary>
internal sealed class EngineCopy(Engine engine, SourceFiles sources, SchemaDrift schema, FeedsOptions options)
{
    /// <summary>Copies everything; throws, with nothing stored, when a file is bad or too many rows are.</summary>
    public async Task RunAsync(LoadAttempt attempt, NpgsqlConnection connection, string target, string copyOptions, CancellationToken cancellationToken)
    {
        using var files = await sources.OpenAsync(attempt.Files, $"load {attempt.Load.Id}", cancellationToken);
        var job = new CopyJob
        {
            Files = [.. files],
            Query = attempt.IngestQuery,
            Fields = [.. attempt.Table.Definition.Fields.Select(field => ToLoadField(attempt.Table, field)).OrderBy(field => field.InObject)],
            LoadId = attempt.Load.LoadSeq,
            MaxRejectsKept = options.MaxRejectsKept,
        };
        attempt.Rejected.Clear();
        await using var copy = await BinaryCopy.BeginAsync(connection,
            $"copy {target} ({string.Join(", ", attempt.Table.CopiedColumns)}) from stdin (format binary{copyOptions})", cancellationToken);
        var sink = new CopySink
        {
            OnData = copy.WriteAsync,
            OnRejected = (row, _) =>
            {
                attempt.Rejected.Add(row);
                return ValueTask.CompletedTask;
            },
            OnProgress = rows => attempt.Monitor.RowsRead = rows,
        };
        attempt.Copied = await engine.CopyAsync(job, sink, cancellationToken);
        attempt.Monitor.RowsRead = attempt.Copied.Read;
        await schema.ReportAsync(attempt, cancellationToken);
        CheckThreshold(attempt);
        await copy.CompleteAsync(cancellationToken);
    }

    private static LoadField ToLoadField(DomainTable table, FieldDefinition field) => new()
    {
        Name = field.Name,
        Incoming = field.IncomingName,
        Type = field.Type,
        Precision = field.Precision ?? LoadField.MaxPrecision,
        Scale = field.Scale ?? 0,
        Pattern = field.Pattern,
        TimeZone = field.TimeZone,
        Required = field.Required || table.Definition.IsKey(field),
        InObject = table.IsInMore(field.Name),
    };

    private static void CheckThreshold(LoadAttempt attempt)
    {
        var (read, rejected) = (attempt.Copied!.Read, attempt.Copied.Rejected);
        var allowed = attempt.Load.ErrorThresholdPercent ?? attempt.Table.Definition.ErrorThresholdPercent;
        if (rejected * 100m <= allowed * read)
        {
            return;
        }

        var worst = attempt.Rejected.GroupBy(row => (row.Field, row.Reason)).MaxBy(group => group.Count());
        var mostly = worst is null ? "" : $" Most frequent: field '{worst.Key.Field}', {worst.Key.Reason} ({worst.Count()} of the values kept).";
        throw new LoadFailedException(FailureCategory.BadFile, string.Create(CultureInfo.InvariantCulture,
            $"{rejected} of {read} rows were rejected ({rejected * 100m / read:0.##} %); {(attempt.Load.ErrorThresholdPercent is null ? "the feed" : "this run")} allows {allowed:0.##} %. Nothing was loaded.{mostly} GET /api/loads/{attempt.Load.Id}/rejected-rows lists them."));
    }
}
