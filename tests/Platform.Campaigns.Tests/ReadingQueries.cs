using System.Globalization;
using System.Text;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Lists;
using Platform.Campaigns.Recipients;
using Platform.Testing;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>The source of recipients that reads ahead: what it gives, how it fails, how it is given up.</summary>
public sealed class ReadingQueries(CampaignsApp app)
{
    private static readonly RecipientField[] Fields = [new() { Name = "Email", Type = RecipientFieldType.Varchar }, new() { Name = "note", Type = RecipientFieldType.Varchar }];

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Values_of_every_length_arrive_whole()
    {
        await using var query = await OpenAsync(
            """select 'p' || i as "Email", case when i % 7 <> 0 then repeat(chr(97 + i % 26), case when i % 100 = 0 then 900000 else i * 3 end) end as note from generate_series(1, 1200) as i order by i""");

        var row = new RecipientRow();
        for (var i = 1; i <= 1200; i++)
        {
            Assert.True(await query.ReadAsync(row, Cancelled));
            Assert.Equal((i, 2), (row.Number, row.Count));
            Assert.Equal($"p{i}", Encoding.UTF8.GetString(row[0]));
            Assert.Equal(i % 7 == 0, row.IsNull(1));
            Assert.Equal(i % 7 == 0 ? 0 : i % 100 == 0 ? 900_000 : i * 3, row[1].Length);
            Assert.False(row[1].ContainsAnyExcept((byte)(97 + (i % 26))));
        }

        Assert.False(await query.ReadAsync(row, Cancelled));
    }

    [Fact]
    public async Task A_query_that_fails_on_the_way_says_why()
    {
        await using var query = await OpenAsync("""select 'p' || i as "Email", (1 / (i - 30000))::text as note from generate_series(1, 100000) as i""");

        var refused = await Assert.ThrowsAsync<RecipientSourceException>(() => ReadAllAsync(query));
        Assert.Contains("division by zero", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_query_that_thinks_long_before_its_first_row_is_waited_for()
    {
        // The driver's own limit, shortened from half a minute.
        var impatient = new NpgsqlConnectionStringBuilder(app.DomainTablesConnection) { CommandTimeout = 1 };
        await using var tables = new DomainTables(new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:DomainTables", impatient.ConnectionString)]).Build());

        await using var query = await DomainQuery.OpenAsync(tables.Queries, """select 'p' as "Email", pg_sleep(2.5)::text as note""", Fields, TimeSpan.FromMinutes(5), Cancelled);

        Assert.True(await query.ReadAsync(new(), Cancelled));
    }

    [Fact]
    public async Task A_query_nobody_reads_to_its_end_is_ended_at_the_server()
    {
        var mark = Guid.CreateVersion7().ToString("N", CultureInfo.InvariantCulture);
        var query = await OpenAsync($"""select 'p' || i as "Email", '{mark}' as note from (select generate_series(1, 1000000000000) as i) as numbers""");
        Assert.True(await query.ReadAsync(new(), Cancelled));

        await query.DisposeAsync();

        await using var running = app.DomainTables.CreateCommand($"select count(*) from pg_stat_activity where query like 'copy%{mark}%' and state = 'active'");
        await Until.True(async () => await running.ExecuteScalarAsync(Cancelled) is 0L, cancellationToken: Cancelled);
    }

    [Fact]
    public void Keys_are_a_set_whatever_their_bits()
    {
        var (keys, expected, random) = (new KeySet(), new HashSet<UInt128>(), new Random(7));
        for (var i = 0; i < 50_000; i++)
        {
            // Some in one table and at one place of it, some twice, some anywhere; zero among them.
            var key = (i % 3) switch { 0 => (UInt128)(uint)random.Next(64) << 64, 1 => new((ulong)random.NextInt64(), (ulong)random.NextInt64()), _ => (UInt128)random.Next(20_000) };
            Assert.Equal(expected.Add(key), keys.Add(key));
            Assert.True(keys.Contains(key));
        }

        Assert.Equal(expected.Count, keys.Count);
        Assert.Equal(expected.Order(), keys.Order());
        Assert.False(keys.Contains(UInt128.MaxValue));
    }

    private Task<DomainQuery> OpenAsync(string sql) => DomainQuery.OpenAsync(app.DomainTables, sql, Fields, TimeSpan.FromMinutes(5), Cancelled);

    private static async Task ReadAllAsync(DomainQuery query)
    {
        for (var row = new RecipientRow(); await query.ReadAsync(row, Cancelled);)
        {
        }
    }
}
