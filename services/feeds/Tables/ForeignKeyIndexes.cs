using Npgsql;
using Platform.Feeds.Definitions;
using Platform.Files.Engine;
using static Platform.Feeds.Tables.DomainTable;

namespace Platform.Feeds.Tables;

/// <summary>
/// Fields tagged <c>fk-…</c> are indexed, and never constrained: a foreign key would block the exchange of partitions, and rows may well arrive before those they point to (F4).
/// The index stands on the shell, so that every partition gets it.
/// </summary>
internal sealed class ForeignKeyIndexes(NpgsqlConnection connection)
{
    /// <summary>Makes the indexes that are missing and drops those whose field no longer has the tag.</summary>
    public async Task EnsureAsync(DomainTable table, CancellationToken cancellationToken)
    {
        var wanted = table.Definition.Fields.Where(IsForeignKey).Select(field => field.Name).ToHashSet(StringComparer.Ordinal);
        foreach (var (index, column) in await PresentAsync(table, cancellationToken))
        {
            if (!wanted.Contains(column))
            {
                await connection.ExecuteAsync($"drop index {Schema}.{Quote(index)}", cancellationToken);
            }
        }

        await CreateMissingAsync(table, table.Definition.Fields, cancellationToken);
    }

    /// <summary>Makes the indexes that are missing on those of <paramref name="fields"/> that are tagged. Readers go on meanwhile, unless the caller holds them up.</summary>
    public async Task CreateMissingAsync(DomainTable table, IEnumerable<FieldDefinition> fields, CancellationToken cancellationToken)
    {
        var present = (await PresentAsync(table, cancellationToken)).Select(found => found.Column).ToHashSet(StringComparer.Ordinal);
        foreach (var field in fields.Where(field => IsForeignKey(field) && !present.Contains(field.Name)))
        {
            var number = await connection.ScalarAsync<short>($"select attnum from pg_attribute where attrelid = {Literal(table.Shell)}::regclass and attname = {Literal(field.Name)} and not attisdropped", cancellationToken);

            // A text may be longer than a B-tree takes; of a foreign key only equality is ever asked.
            var method = field.Type == FieldType.String ? "hash" : "btree";
            await connection.ExecuteAsync($"create index {Quote($"{Prefix(table)}{number}")} on {table.Shell} using {method} ({Quote(field.Name)})", cancellationToken);
        }
    }

    public static bool IsForeignKey(FieldDefinition field) => field.Type != FieldType.Json && ForeignKeyTag(field) is not null;

    public static string? ForeignKeyTag(FieldDefinition field) => field.SemanticTags.FirstOrDefault(tag => tag.StartsWith("fk-", StringComparison.Ordinal));

    private static string Prefix(DomainTable table) => $"{table.FeedId.Replace('-', '_')}_fk_";

    private async Task<List<(string Index, string Column)>> PresentAsync(DomainTable table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            select c.relname, a.attname from pg_index i join pg_class c on c.oid = i.indexrelid join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
            where i.indrelid = $1::regclass and starts_with(c.relname, $2)
            """, connection) { Parameters = { new() { Value = table.Shell }, new() { Value = Prefix(table) } } };
        var found = new List<(string, string)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(0), reader.GetString(1)));
        }

        return found;
    }
}
