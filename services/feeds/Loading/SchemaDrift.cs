using Platform.Contracts.Failures;
using Platform.Feeds.Definitions;
using Platform.Feeds.Persistence;
using Platform.Files.Engine;

namespace Platform.Feeds.Loading;

/// <summary>Says how the columns of the files that were read differ from the feed's fields (F12): columns nobody asks for, and types that made values be rejected.</summary>
internal sealed class SchemaDrift(Engine engine, SourceFiles sources)
{
    /// <summary>A file with more unknown columns than this is described by its first ones.</summary>
    private const int MostNotes = 200;

    /// <summary>Columns of the file itself that the feed does not know; a value of the path is no drift.</summary>
    public static IEnumerable<InferredField> UnknownColumns(FileCounts file) => file.ExtraColumns.Where(IsOwn);

    public static bool IsOwn(InferredField column) => column.FileType != "partition";

    /// <summary>Keeps what was found with the attempt; a load whose feed wants no unknown columns ends here.</summary>
    public async Task ReportAsync(LoadAttempt attempt, CancellationToken cancellationToken)
    {
        var fails = attempt.Table.Definition.Drift == DriftPolicy.Fail;
        var known = attempt.Drift.Select(note => note.Column).ToHashSet(StringComparer.OrdinalIgnoreCase);
        LoadFile? first = null;
        foreach (var counts in attempt.Copied!.Files)
        {
            foreach (var column in UnknownColumns(counts).Where(column => known.Add(column.Name)).Take(MostNotes))
            {
                var file = attempt.Files.First(file => file.FileNo == counts.FileId);
                first ??= file;
                attempt.Drift.Add(new(file.Source, column.Name, column.FileType, fails ? "failed" : "ignored",
                    $"The feed has no field for this column. To load it, add a field of type {SampleMatch.Describe(column)} and activate."));
            }
        }

        if (fails && first is not null)
        {
            throw new LoadFailedException(FailureCategory.BadFile,
                $"{first.Source} has columns the feed does not know: {string.Join(", ", attempt.Drift.Where(note => note.Action == "failed").Select(note => note.Column))}. Its drift policy is 'fail'. Add the fields and activate, or set drift to 'ignore' or 'add'; then restart the run.");
        }

        // What a query gives has the types its author gave it.
        if (attempt.Copied.Rejected > 0 && attempt.IngestQuery is null)
        {
            await ExplainTypesAsync(attempt, cancellationToken);
        }
    }

    /// <summary>Looks at the file most rows were rejected of: perhaps a column has another type than the field, which then can be widened.</summary>
    private async Task ExplainTypesAsync(LoadAttempt attempt, CancellationToken cancellationToken)
    {
        var worst = attempt.Copied!.Files.MaxBy(file => file.Rejected)!;
        var file = attempt.Files.First(file => file.FileNo == worst.FileId);
        using var opened = await sources.OpenAsync([file], $"load {attempt.Load.Id}", cancellationToken);
        var columns = (await engine.InferAsync(opened[0], cancellationToken)).ToLookup(column => column.Name, StringComparer.OrdinalIgnoreCase);
        foreach (var field in attempt.Table.Definition.Fields)
        {
            if (columns[field.IncomingName].FirstOrDefault() is { } column && SampleMatch.Misfit(field, column) is { } misfit)
            {
                attempt.Drift.Add(new(file.Source, column.Name, column.FileType, "kept", misfit));
            }
        }
    }
}
