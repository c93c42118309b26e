using Npgsql;
using Platform.Feeds.Tables;

namespace Platform.Feeds.Loading;

/// <summary>
/// The identity of rows without a key (F4): the hash of their values, and their number among the equal rows of one file. Equal rows of a file are all kept, a file loaded again
/// finds every row stored, and of overlapping files the one with the most copies counts.
/// </summary>
internal static class KeylessRows
{
    /// <summary>PostgreSQL takes at most 100 arguments for a function.</summary>
    private const int MostArguments = 90;

    /// <summary>Moves what was copied into <paramref name="target"/>, with the two columns; returns how many rows.</summary>
    public static async Task<int> FillAsync(NpgsqlConnection connection, DomainTable table, string copied, string target, CancellationToken cancellationToken)
    {
        var columns = string.Join(", ", table.CopiedColumns);
        return await connection.ExecuteAsync($"""
            insert into {target} ({string.Join(", ", table.StagedColumns)})
            select {columns}, _hash, row_number() over (partition by _file_id, _hash order by _row_no)
            from (select {columns}, {Hash(table)} as _hash from {copied}) r
            """, cancellationToken);
    }

    /// <summary>
    /// Half of the SHA-256 of the row written as JSON members, in the order of the incoming names. Nulls are left out: a field added later leaves the hashes of the stored rows as
    /// they are, and so does another display name.
    /// </summary>
    private static string Hash(DomainTable table)
    {
        var members = table.Stored.OrderBy(field => field.IncomingName.ToLowerInvariant(), StringComparer.Ordinal)
            .Select(field => $"{DomainTable.Literal($"{System.Text.Json.JsonSerializer.Serialize(field.IncomingName.ToLowerInvariant())}:")} || to_json({DomainTable.Quote(field.Name)})::text || ','").ToList();
        if (table.HasMore)
        {
            // No member of the fields begins like this.
            members.Add($"'more:' || nullif({DomainTable.More}, '{{}}')::text");
        }

        return $"encode(substring(sha256(convert_to({Concat(members)}, 'UTF8')) from 1 for 16), 'hex')::uuid";
    }

    private static string Concat(IEnumerable<string> texts)
    {
        var groups = texts.Chunk(MostArguments).Select(group => $"concat({string.Join(", ", group)})").ToList();
        return groups.Count == 1 ? groups[0] : Concat(groups);
    }
}
