namespace Platform.Files.Engine;

/// <summary>
/// A SELECT over the files of a job, whose result is read in their place (F10). Each tag is a view of its files, columns brought together by name, with the values of their paths.
/// </summary>
/// <param name="Sql">One SELECT in DuckDB's dialect. It sees the views and <c>unnest</c>, <c>range</c>, <c>generate_series</c>; no file, network, setting or extension.</param>
/// <param name="Tags">The tag of each of the job's files, in their order.</param>
public sealed record IngestQuery(string Sql, IReadOnlyList<string> Tags);
