using System.Globalization;
using Platform.Files.Formats;

namespace Platform.Files.Engine.Child;

/// <summary>The result of an ingest query, kept in the child's own database and read like a file.</summary>
internal sealed class QueryResult : IFileFormat
{
    public const string KindName = "ingest-query";
    public static readonly QueryResult Format = new();

    // No name a tag could have.
    private const string Table = "\"ingest query\nresult\"";

    public string Name => KindName;

    public IReadOnlyList<string> ContentTypes => [];

    public FormatCapabilities Capabilities { get; } = new() { NeedsSeekableFile = true, Typed = true };

    public string RowNumber(IEnumerable<string> columns) => "rowid + 1";

    public string Relation(SourceFile file) => $"memory.main.{Table}";

    public bool DeclaresRows(DuckDbConnection connection, SourceFile file, long rows) => true;

    public IReadOnlySet<string> NeverNullColumns(DuckDbConnection connection, SourceFile file) => new HashSet<string>();

    /// <summary>Checks and runs the query; what is returned stands for its result. Its rows are said to come from the last file.</summary>
    public static SourceFile Make(DuckDbConnection connection, EngineJob job, Intake intake)
    {
        var query = job.Query!;
        var sql = QueryCheck.Canonical(connection, query);
        var tables = 0;
        foreach (var tag in job.Files.Zip(query.Tags).GroupBy(pair => pair.Second, pair => pair.First, StringComparer.OrdinalIgnoreCase))
        {
            var relations = new List<string>();
            foreach (var file in tag)
            {
                try
                {
                    foreach (var part in intake.Parts(file))
                    {
                        relations.Add(Relation(connection, file, part, ref tables));
                    }
                }
                catch (DuckDbException e)
                {
                    throw ReadFailure.Of(e, file);
                }
            }

            if (relations.Count == 0)
            {
                throw new EngineException(EngineFailure.BadFile, $"The files with the tag '{tag.Key}' have no members to be read. Correct archive/contents.");
            }

            connection.Execute($"CREATE VIEW {DuckDb.Identifier(tag.Key)} AS {string.Join(" UNION ALL BY NAME ", relations)}");
        }

        var limit = job.PreviewRows > 0 ? string.Create(CultureInfo.InvariantCulture, $" LIMIT {job.PreviewRows}") : "";
        try
        {
            connection.Execute($"CREATE TABLE {Table} AS SELECT * FROM ({sql.TrimEnd().TrimEnd(';')}){limit}");
        }
        catch (DuckDbException e)
        {
            throw Failed(e, job);
        }

        return new() { Path = job.Files[^1].Path, Name = "The result of the ingest query", Format = KindName, FileId = job.Files[^1].FileId };
    }

    /// <summary>A part that DuckDB reads itself, and that stays, is read when the query wants it; any other is read now, for it is there only now.</summary>
    private static string Relation(DuckDbConnection connection, SourceFile file, SourceFile part, ref int tables)
    {
        var format = Look.Format(part);
        var columns = Look.Columns(connection, format, part);
        var values = file.Partitions.Where(partition => !columns.Any(column => string.Equals(column.Name, partition.Key, StringComparison.OrdinalIgnoreCase)))
            .Select(partition => $", {DuckDb.Literal(partition.Value)} AS {DuckDb.Identifier(partition.Key)}");
        var replaced = columns.Where(column => column.Source != DuckDb.Identifier(column.Name)).Select(column => $"{column.Source} AS {DuckDb.Identifier(column.Name)}").ToArray();
        var select = $"SELECT *{(replaced.Length == 0 ? "" : $" REPLACE ({string.Join(", ", replaced)})")}{string.Concat(values)} FROM {format.Relation(part)}";
        if (format.Capabilities.NeedsSeekableFile && part.Path == file.Path)
        {
            return select;
        }

        var table = string.Create(CultureInfo.InvariantCulture, $"\"part\n{++tables}\"");
        connection.Execute($"CREATE TABLE {table} AS {select}");
        return $"SELECT * FROM {table}";
    }

    /// <summary>What DuckDB says about the query's words is passed on; about values it says them, and so only the kind of the failure is.</summary>
    private static EngineException Failed(DuckDbException error, EngineJob job)
    {
        if (error.InnerException is not null)
        {
            return ReadFailure.Of(error, job.Files[^1]);
        }

        var said = error.Message.Split('\n')[0].Trim();
        if (said.StartsWith("Out of Memory", StringComparison.Ordinal) || said.Contains("max_temp_directory_size", StringComparison.Ordinal))
        {
            return new(EngineFailure.BadQuery, "The ingest query needs more memory or disk than a reading process may take. Have it look at less at a time, or raise Engine:MemoryLimitMegabytes and Engine:ScratchQuotaMegabytes.", error);
        }

        var aboutWords = said.StartsWith("Binder Error", StringComparison.Ordinal) || said.StartsWith("Catalog Error", StringComparison.Ordinal) || said.StartsWith("Parser Error", StringComparison.Ordinal);
        return new(EngineFailure.BadQuery, aboutWords ? $"The ingest query cannot run: {said}" : $"The ingest query failed while it ran: {said.Split(':')[0]}. A value did not fit what the query does with it; try_cast gives null for such values.", error);
    }
}
