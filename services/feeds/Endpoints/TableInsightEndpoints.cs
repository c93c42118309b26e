using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Platform.Feeds.Definitions;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>Where a row came from: load, file, row of the file, courier run (F11).</summary>
public sealed record RowLineage
{
    /// <summary>The row as it is stored.</summary>
    public required JsonElement Row { get; init; }

    /// <summary>The load that last changed it.</summary>
    public required LoadView Load { get; init; }

    /// <summary>The landed file (<c>lf-…</c>) it came from.</summary>
    public required string FileId { get; init; }

    /// <summary>The file's name.</summary>
    public required string FileName { get; init; }

    /// <summary>Where the courier found the file.</summary>
    public required string Source { get; init; }

    /// <summary>The file's date.</summary>
    public DateOnly? FileDate { get; init; }

    /// <summary>The row's number in the file, from 1.</summary>
    public required long RowNo { get; init; }

    /// <summary>The courier run that pulled the file; absent for a sample.</summary>
    public string? RunId { get; init; }

    /// <summary>Its courier.</summary>
    public string? CourierId { get; init; }
}

/// <summary>What one wants to know about a domain table before using it.</summary>
internal static class TableInsightEndpoints
{
    private const int MaxSample = 200;

    public static void MapTableInsightEndpoints(this IEndpointRouteBuilder app)
    {
        var tables = app.MapGroup("/api/domain-tables/{name}").WithTags("domain tables").RequireAuthorization(Roles.Viewer);
        tables.MapGet("/sample", SampleAsync).WithName("SampleDomainTable").WithSummary("Some rows of a domain table, drawn at random");
        tables.MapGet("/profile", ProfileAsync).WithName("ProfileDomainTable").WithSummary("Nulls, distinct values, least and greatest value of each column; of a large table by a random part of it");
        tables.MapGet("/lineage", LineageAsync).WithName("GetRowLineage").WithSummary("Load, file, row of the file and courier run of the row with this key; one 'key' parameter for each key column, in order");
        tables.MapGet("/orphans", OrphansAsync).WithName("ListOrphans").WithSummary("For each field tagged fk-…: rows that point to nothing in the table they refer to");
        app.MapGet("/api/feeds/semantic-tags", TagsAsync).WithName("ListSemanticTags").WithTags("feeds").RequireAuthorization(Roles.Viewer)
            .WithSummary("The semantic tags the platform knows; with 'name', the one that a field of this name suggests");
    }

    private static async Task<Results<Ok<IReadOnlyList<JsonElement>>, ProblemHttpResult>> SampleAsync(
        string name, FeedsDbContext database, NpgsqlDataSource source, CancellationToken cancellationToken, int rows = 20)
    {
        if (rows is < 1 or > MaxSample)
        {
            return Refusal.Invalid("The query", [new("rows", $"Must be from 1 to {MaxSample}; {rows} was given.")]).ToResult();
        }

        if (await DomainTableEndpoints.FindAsync(database, name, cancellationToken) is not { } feed)
        {
            return DomainTableEndpoints.Unknown(name).ToResult();
        }

        await using var query = source.CreateCommand(
            $"select row_to_json(_row)::text from (select {string.Join(", ", feed.Table!.Columns)} from {ColumnProfiles.Rows(feed, 100_000)} order by random() limit $1) _row");
        query.Parameters.Add(new() { Value = rows });
        var found = new List<JsonElement>();
        await using var reader = await query.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(JsonSerializer.Deserialize<JsonElement>(reader.GetString(0)));
        }

        return TypedResults.Ok<IReadOnlyList<JsonElement>>(found);
    }

    private static async Task<Results<Ok<TableProfile>, ProblemHttpResult>> ProfileAsync(
        string name, FeedsDbContext database, NpgsqlDataSource source, CancellationToken cancellationToken, string? column = null)
    {
        if (await DomainTableEndpoints.FindAsync(database, name, cancellationToken) is not { } feed)
        {
            return DomainTableEndpoints.Unknown(name).ToResult();
        }

        var columns = feed.Active!.Fields.Where(field => column is null || field.Name == column).ToList();
        return columns.Count > 0
            ? TypedResults.Ok(await ColumnProfiles.ReadAsync(source, feed, columns, cancellationToken))
            : Refusal.Invalid("The query", [new("column", $"The table '{name}' has no column '{column}'. Its columns: {string.Join(", ", feed.Active.Fields.Select(field => field.Name))}.")]).ToResult();
    }

    private static async Task<Results<Ok<RowLineage>, ProblemHttpResult>> LineageAsync(
        string name, FeedsDbContext database, NpgsqlDataSource source, CancellationToken cancellationToken, string[]? key = null)
    {
        if (await DomainTableEndpoints.FindAsync(database, name, cancellationToken) is not { } feed)
        {
            return DomainTableEndpoints.Unknown(name).ToResult();
        }

        var table = feed.Table!;
        var keys = table.KeyColumns.ToList();
        if (key?.Length != keys.Count)
        {
            return BadKey($"{key?.Length ?? 0} were given; the key of '{name}' is ({table.Key}).").ToResult();
        }

        await using var query = source.CreateCommand($"""
            select row_to_json(_row)::text, _load_id, _file_id, _row_no from (
                select {string.Join(", ", table.Columns)} from {table.Shell} where {string.Join(" and ", keys.Zip(table.KeyTypes, (column, type) => (column, type)).Select((pair, i) => $"{pair.column} = cast(${i + 1} as {pair.type})"))}) _row
            """);
        foreach (var value in key)
        {
            query.Parameters.Add(new() { Value = value, NpgsqlDbType = NpgsqlDbType.Text });
        }

        JsonElement row;
        long loadSeq, fileNo, rowNo;
        try
        {
            await using var reader = await query.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
            {
                return Refusal.NotFound("row", string.Join(", ", key), $"The table '{name}' has no row with this key.").ToResult();
            }

            (row, loadSeq, fileNo, rowNo) = (JsonSerializer.Deserialize<JsonElement>(reader.GetString(0)), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3));
        }
        catch (PostgresException e) when (e.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            return BadKey($"A value does not fit its column: ({string.Join(", ", keys.Zip(table.KeyTypes, (column, type) => $"{column} {type}"))}).").ToResult();
        }

        var load = await database.Loads.AsNoTracking().FirstAsync(one => one.LoadSeq == loadSeq, cancellationToken);
        var file = await database.LoadFiles.AsNoTracking().FirstAsync(one => one.FileNo == fileNo, cancellationToken);
        return TypedResults.Ok(new RowLineage
        {
            Row = row,
            Load = LoadView.Of(load, feed.DomainTable),
            FileId = file.FileId,
            FileName = file.FileName,
            Source = file.Source,
            FileDate = file.FileDate,
            RowNo = rowNo,
            RunId = load.RunId,
            CourierId = load.CourierId,
        });
    }

    private static Refusal BadKey(string problem) => Refusal.Invalid("The query", [new("key", $"Expected one 'key' parameter for each column of the key, in order. {problem}")]);

    private static async Task<Results<Ok<List<OrphanReport>>, ProblemHttpResult>> OrphansAsync(string name, FeedsDbContext database, NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        var all = await database.Feeds.AsNoTracking().Where(feed => feed.Active != null).ToListAsync(cancellationToken);
        return all.Find(feed => feed.DomainTable == name) is { } feed
            ? TypedResults.Ok(await Orphans.FindAsync(source, feed, all, cancellationToken))
            : DomainTableEndpoints.Unknown(name).ToResult();
    }

    private static Ok<IReadOnlyList<SemanticTagView>> TagsAsync(string? name = null) =>
        TypedResults.Ok<IReadOnlyList<SemanticTagView>>(name is null ? SemanticTags.All : [.. SemanticTags.All.Where(tag => tag.Tag == SemanticTags.Suggest(name))]);
}
