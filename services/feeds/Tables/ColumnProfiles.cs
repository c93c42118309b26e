using System.Data;
using System.Globalization;
using System.Security.Cryptography;
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

    /// <summary>Columns of one statement: each takes memory of its own to be sorted in, and PostgreSQL allows 1,664 results.</summary>
    private const int ColumnsAtOnce = 50;

    /// <summary>Values looked at in all: of a wide table fewer rows.</summary>
    private const long MostValues = 20_000_000;

    /// <summary>The rows of the table, or blocks of a large one drawn at random that hold about <paramref name="wanted"/> rows; the same for the same <paramref name="seed"/>.</summary>
    public static string Rows(Feed feed, long wanted, int? seed = null) => feed.TableRows <= wanted
        ? feed.Table!.Shell
        : string.Create(CultureInfo.InvariantCulture, $"{feed.Table!.Shell} tablesample system ({Math.Min(100, wanted * 100d / feed.TableRows):0.######}){(seed is null ? "" : $" repeatable ({seed})")}");

    public static async Task<TableProfile> ReadAsync(NpgsqlDataSource database, Feed feed, IReadOnlyList<FieldDefinition> fields, CancellationToken cancellationToken)
    {
        var most = Math.Min(MostRows, MostValues / fields.Count);
        var from = Rows(feed, most, RandomNumberGenerator.GetInt32(int.MaxValue));
        var profiles = new List<ColumnProfile>(fields.Count);
        var rows = 0L;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var snapshot = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        foreach (var some in fields.Chunk(ColumnsAtOnce))
        {
            var columns = some.Select(field => (field.Name, Type: field.PostgresType, Value: feed.Table!.ValueOf(field))).ToList();
            var values = columns.SelectMany(column => new[] { $"count({column.Value})", $"count(distinct {column.Value})", Extreme("min", column.Type, column.Value), Extreme("max", column.Type, column.Value) });
            await using var query = new NpgsqlCommand($"select count(*), {string.Join(", ", values)} from {from}", connection, snapshot) { CommandTimeout = 60 };
            await using var reader = await query.ExecuteReaderAsync(cancellationToken);
            await reader.ReadAsync(cancellationToken);
            rows = reader.GetInt64(0);
            profiles.AddRange(columns.Select((column, i) => new ColumnProfile(column.Name, column.Type, rows - reader.GetInt64((4 * i) + 1), reader.GetInt64((4 * i) + 2), Text(reader, (4 * i) + 3), Text(reader, (4 * i) + 4))));
        }

        return new(rows, feed.TableRows <= most, profiles);
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
