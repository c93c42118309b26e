using System.Globalization;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>Seeded random histories of loads against a model of a few lines: same rows, same counts, after every load.</summary>
public sealed class RandomHistories(FeedsApp app)
{
    public static TheoryData<int> Seeds => FaultSeeds.Histories(8);

    [Theory]
    [MemberData(nameof(Seeds))]
    public async Task End_in_the_table_of_the_model(int seed)
    {
        var random = new Random(seed);
        var lastUpdated = random.Next(2) == 0;
        var (feed, table) = await app.KeyedFeedAsync(lastUpdated, threshold: 100);
        var model = new Model();
        for (var load = 0; load < 12; load++)
        {
            var truncate = random.Next(5) == 0;
            var files = Enumerable.Range(0, random.Next(1, 4)).Select(_ => Records(random, lastUpdated)).ToList();
            var expected = model.Load(files.SelectMany(file => file), truncate, lastUpdated);

            var found = await app.LoadAsync(feed, truncate, [.. files.Select(file => app.Land(Query(file)))]);

            Assert.Equal($"load {load}: {expected}", $"load {load}: {found.Counts()}");
            Assert.Equal(model.Rows(lastUpdated), await app.RowsAsync(table, lastUpdated ? "id, v, coalesce(at::text, 'null')" : "id, v"));
        }
    }

    private static List<Record> Records(Random random, bool lastUpdated) => [.. Enumerable.Range(0, random.Next(0, 40)).Select(_ => new Record(
        random.Next(20) == 0 ? null : random.Next(25), $"v{random.Next(3)}", lastUpdated && random.Next(6) > 0 ? random.Next(4) : null))];

    private static string Query(List<Record> records)
    {
        var rows = records.Select(record => string.Create(CultureInfo.InvariantCulture, $"({record.Id?.ToString(CultureInfo.InvariantCulture) ?? "null"}, '{record.V}', {record.At?.ToString(CultureInfo.InvariantCulture) ?? "null"})"));
        return $"select id::bigint as id, v::varchar as v, a::bigint as \"at\" from (values {string.Join(", ", rows.Append("(-1, '', 0)"))}) t(id, v, a) where id is null or id >= 0";
    }

    private sealed record Record(int? Id, string V, int? At);

    private sealed class Model
    {
        private Dictionary<int, Record> _rows = [];

        public string Load(IEnumerable<Record> records, bool truncate, bool lastUpdated)
        {
            var before = _rows;
            var rows = truncate ? [] : new Dictionary<int, Record>(before);
            var batch = new Dictionary<int, Record>();
            int read = 0, inserted = 0, updated = 0, unchanged = 0, superseded = 0, rejected = 0;
            foreach (var record in records)
            {
                read++;
                if (record.Id is not { } id)
                {
                    rejected++;
                }
                else if (!batch.TryGetValue(id, out var other))
                {
                    batch.Add(id, record);
                }
                else
                {
                    superseded++;
                    batch[id] = lastUpdated && Beats(other, record) ? other : record;
                }
            }

            foreach (var (id, record) in batch)
            {
                if (!before.TryGetValue(id, out var stored))
                {
                    inserted++;
                }
                else if (stored == record)
                {
                    unchanged++;
                }
                else if (!truncate && lastUpdated && Beats(stored, record))
                {
                    superseded++;
                    continue;
                }
                else
                {
                    updated++;
                }

                rows[id] = record;
            }

            _rows = rows;
            var removed = truncate ? before.Keys.Count(id => !rows.ContainsKey(id)) : 0;
            return $"{read} {inserted} {updated} {unchanged} {superseded} {rejected} {removed}";
        }

        public List<string> Rows(bool lastUpdated) =>
            [.. _rows.Values.Select(row => lastUpdated ? $"{row.Id}|{row.V}|{row.At?.ToString(CultureInfo.InvariantCulture) ?? "null"}" : $"{row.Id}|{row.V}").Order(StringComparer.Ordinal)];

        // A null loses to any value; a tie goes to the later one.
        private static bool Beats(Record stored, Record incoming) => stored.At is { } at && (incoming.At is not { } than || at > than);
    }
}
