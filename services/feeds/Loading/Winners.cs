using Npgsql;
using Platform.Feeds.Tables;

namespace Platform.Feeds.Loading;

/// <summary>
/// Which of several records of one key stays (F5): the greater last updated value, NULL below all; then the later load, the later file, the later row. File numbers are given in
/// order of file date and load order, so (last updated, _load_id, _file_id, _row_no) is the whole order.
/// </summary>
internal static class Winners
{
    /// <summary>The best record first.</summary>
    public static string BestFirst(DomainTable table) =>
        $"{(table.Definition.LastUpdated is { } field ? $"{DomainTable.Quote(field.Name)} desc nulls last, " : "")}_load_id desc, _file_id desc, _row_no desc";

    /// <summary>Condition under which the stored row <paramref name="stored"/> beats the incoming row <paramref name="incoming"/> of its key. A tie goes to the incoming one: it was loaded later.</summary>
    public static string StoredWins(DomainTable table, string stored, string incoming)
    {
        if (table.Definition.LastUpdated is not { } field)
        {
            return "false";
        }

        var column = DomainTable.Quote(field.Name);
        return $"({stored}.{column} > {incoming}.{column} or ({stored}.{column} is not null and {incoming}.{column} is null))";
    }

    /// <summary>Whether two rows of one key differ in any value. What load, file and row they came from does not count.</summary>
    public static string Differ(DomainTable table, string one, string other) =>
        string.Join(" or ", table.ValueColumns.Select(column => $"{one}.{column} is distinct from {other}.{column}").DefaultIfEmpty("false"));

    public static string SameKey(DomainTable table, string one, string other) =>
        string.Join(" and ", table.KeyColumns.Select(column => $"{one}.{column} = {other}.{column}"));

    /// <summary>
    /// Counts the rows of <paramref name="target"/> and tells whether a key may occur twice. Counting distinct 64-bit hashes of the keys takes a third of the time of counting the
    /// keys; equal hashes of different keys only cost a needless look.
    /// </summary>
    public static async Task<(long Rows, bool MayHaveDuplicates)> CountAsync(NpgsqlConnection connection, DomainTable table, string target, CancellationToken cancellationToken)
    {
        await using var count = new NpgsqlCommand($"select count(*), count(distinct hash_record_extended(row({table.Key}), 0)) from {target}", connection) { CommandTimeout = 0 };
        await using var reader = await count.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (reader.GetInt64(0), reader.GetInt64(1) < reader.GetInt64(0));
    }

    /// <summary>Deletes every record that loses against another of its key in <paramref name="target"/>; returns how many.</summary>
    public static async Task<long> DeleteLosersAsync(NpgsqlConnection connection, DomainTable table, string target, CancellationToken cancellationToken) =>
        await connection.ExecuteAsync($"""
            delete from {target} t using (
                select ctid as place, row_number() over (partition by {table.Key} order by {BestFirst(table)}) as rank from {target}) ranked
            where t.ctid = ranked.place and ranked.rank > 1
            """, cancellationToken);
}
