using System.Globalization;
using Npgsql;
using Platform.Feeds.Definitions;
using Platform.Feeds.Persistence;

namespace Platform.Feeds.Tables;

/// <summary>What the values of a column are like.</summary>
/// <param name="Column">The column.</param>
/// <param name="Type">Its PostgreSQL type.</param>
/// <param name="Nulls">Rows without a value.</param>
/// <param name="Distinct">Different values.</param>
/// <param name="Min">The least value, at most 200 characters of it; absent for json.</param>
/// <param name="Max">The greatest value, likewise.</param>
public sealed record ColumnProfile(string Column, string Type, long Nulls, long Distinct, string? Min, string? Max);

/// <summary>The columns of a domain table, looked at.</summary>
/// <param name="RowsLookedAt">All rows of a small table, a random part of a large one.</param>
/// <param name="Exact">Whether all rows were looked at.</param>
/// <param name="Columns">One entry for each column asked for.</param>
public sealed record TableProfile(long RowsLookedAt, bool Exact, IReadOnlyList<ColumnProfile> Columns);

/// <summary>Reads profiles and samples of domain tables, with bounded work however large the table is.</summary>
internal static class ColumnProfiles
{
    private const long MostRows = 200_000;
    private const int Shown = 200;

    /// <summary>The rows of the table, or blocks of a large one drawn at random that hold about <paramref name="wanted"/> rows.</summary>
    public static string Rows(Feed feed, long wanted) => feed.TableRows <= wanted
        ? feed.Table!.Shell
        : string.Create(CultureInfo.InvariantCulture, $"{feed.Table!.Shell} tablesample system ({Math.Min(100, wanted * 100d / feed.TableRows):0.######})");

    public static async Task<TableProfile> ReadAsync(NpgsqlDataSource database, Feed feed, IReadOnlyList<FieldDefinition> fields, CancellationToken cancellationToken)
    {
        var columns = fields.Select(field => (field.Name, Type: field.PostgresType, Value: feed.Table!.ValueOf(field))).ToList();
        var values = columns.SelectMany(column => new[] { $"count({column.Value})", $"count(distinct {column.Value})", Extreme("min", column.Type, column.Value), Extreme("max", column.Type, column.Value) });
        await using var query = database.CreateCommand($"select count(*), {string.Join(", ", values)} from {Rows(feed, MostRows)}");
        query.CommandTimeout = 60;
        await using var reader = await query.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        var rows = reader.GetInt64(0);
        var profiles = columns.Select((column, i) => new ColumnProfile(column.Name, column.Type, rows - reader.GetInt64((4 * i) + 1), reader.GetInt64((4 * i) + 2), Text(reader, (4 * i) + 3), Text(reader, (4 * i) + 4)));
        return new(rows, feed.TableRows <= MostRows, [.. profiles]);
    }

    // jsonb and uuid have no least value, booleans none either: true counts as the greater.
    private static string Extreme(string function, string type, string value) => type switch
    {
        "jsonb" or "uuid" => "null::text",
        "boolean" => $"{function}(({value})::int)::boolean::text",
        "text" => $"left({function}({value}), {Shown})",
        _ => $"left({function}({value})::text, {Shown})",
    };

    private static string? Text(NpgsqlDataReader reader, int column) => reader.IsDBNull(column) ? null : reader.GetString(column);
}
