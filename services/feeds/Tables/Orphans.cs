using Npgsql;
using Platform.Feeds.Definitions;
using Platform.Feeds.Persistence;
using static Platform.Feeds.Tables.DomainTable;

namespace Platform.Feeds.Tables;

/// <summary>Rows of one table that point to no row of another.</summary>
public sealed record OrphanReport
{
    /// <summary>The field with the tag.</summary>
    public required string Field { get; init; }

    /// <summary>The tag, <c>fk-…</c>.</summary>
    public required string Tag { get; init; }

    /// <summary>The table it points to; absent when none can be told.</summary>
    public string? References { get; init; }

    /// <summary>The column there.</summary>
    public string? ReferencedColumn { get; init; }

    /// <summary>Rows whose value is not found there; rows without a value are none.</summary>
    public long? Orphans { get; init; }

    /// <summary>Some of the values that are not found, at most 20.</summary>
    public IReadOnlyList<string> Examples { get; init; } = [];

    /// <summary>Why there is no count.</summary>
    public string? Problem { get; init; }
}

/// <summary>
/// The orphan report (F4). A field tagged <c>fk-customer</c> points to the field of another feed that has the same tag and is its whole primary key; without one, to the single key
/// field tagged <c>pk</c> of the feed called <c>customer</c>.
/// </summary>
internal static class Orphans
{
    private const int Examples = 20;

    public static async Task<List<OrphanReport>> FindAsync(NpgsqlDataSource database, Feed feed, IReadOnlyList<Feed> all, CancellationToken cancellationToken)
    {
        var reports = new List<OrphanReport>();
        foreach (var field in feed.Active!.Fields.Where(field => ForeignKeyIndexes.IsForeignKey(field) && !IsWholeKey(feed, field)))
        {
            var tag = ForeignKeyIndexes.ForeignKeyTag(field)!;
            var targets = Targets(feed, tag, all);
            reports.Add(targets switch
            {
                [var (target, key)] when key.Type == field.Type => await CountAsync(database, feed, field, tag, target, key, cancellationToken),
                [var (target, key)] => new()
                {
                    Field = field.Name,
                    Tag = tag,
                    References = target.DomainTable,
                    ReferencedColumn = key.Name,
                    Problem = $"The types differ: {field.PostgresType} here, {key.PostgresType} there. Give both fields one type.",
                },
                [] => new() { Field = field.Name, Tag = tag, Problem = $"No active feed has a single primary key field tagged '{tag}', and none with that key is called '{tag[3..]}'. Tag the key field of the feed it points to." },
                _ => new() { Field = field.Name, Tag = tag, Problem = $"Several feeds have the primary key tagged '{tag}': {string.Join(", ", targets.Select(one => one.Target.DomainTable))}. Give each its own tag." },
            });
        }

        return reports;
    }

    private static List<(Feed Target, FieldDefinition Key)> Targets(Feed feed, string tag, IReadOnlyList<Feed> all)
    {
        var keyed = all.Where(other => other.Id != feed.Id && other.Active is { Keyless: false, PrimaryKey.Count: 1 }).Select(other => (Target: other, Key: other.Active!.KeyFields.First())).ToList();
        var tagged = keyed.Where(one => one.Key.SemanticTags.Contains(tag, StringComparer.Ordinal)).ToList();
        return tagged.Count > 0 ? tagged : keyed.Where(one => string.Equals(one.Target.Name, tag[3..], StringComparison.OrdinalIgnoreCase)).ToList();
    }

    private static bool IsWholeKey(Feed feed, FieldDefinition field) => feed.Active is { PrimaryKey.Count: 1 } && feed.Active.IsKey(field);

    private static async Task<OrphanReport> CountAsync(
        NpgsqlDataSource database, Feed feed, FieldDefinition field, string tag, Feed target, FieldDefinition key, CancellationToken cancellationToken)
    {
        var column = Quote(field.Name);
        await using var query = database.CreateCommand($"""
            with orphans as (
                select t.{column}::text as value from {feed.Table!.Shell} t
                where t.{column} is not null and not exists (select from {target.Table!.Shell} r where r.{Quote(key.Name)} = t.{column}))
            select count(*), coalesce((select array_agg(value order by value) from (select distinct left(value, 200) as value from orphans order by 1 limit {Examples}) e), array[]::text[]) from orphans
            """);
        query.CommandTimeout = 60;
        await using var reader = await query.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return new()
        {
            Field = field.Name,
            Tag = tag,
            References = target.DomainTable,
            ReferencedColumn = key.Name,
            Orphans = reader.GetInt64(0),
            Examples = reader.GetFieldValue<string[]>(1),
        };
    }
}
