using Npgsql;
using Platform.Campaigns.Connections;

namespace Platform.Campaigns.Reports;

/// <summary>Waves, the course of a mailing, and the words its files have.</summary>
internal sealed partial class Reporting
{
    private const int MostMailings = 10_000;
    private const int MostSteps = 2000;

    /// <summary>The newest mailings by wave, the newest wave first; last those without a wave, and those that are unassigned.</summary>
    public async Task<List<WaveReport>> WavesAsync(Connection connection, CancellationToken cancellationToken)
    {
        var mailings = await MailingsAsync(connection, null, null, MostMailings, cancellationToken);
        return [.. mailings.GroupBy(report => (report.WaveId, Assigned: report.DispatchId is not null))
            .OrderBy(wave => wave.Key.WaveId is null).ThenBy(wave => !wave.Key.Assigned).Select(wave => WaveReport.Of(wave.Key.WaveId, [.. wave]))];
    }

    /// <summary>The course of a mailing by hours or days of a zone, and its rates as they grew.</summary>
    public async Task<List<TimelineStep>> TimelineAsync(Connection connection, MailingReport mailing, bool byHour, CancellationToken cancellationToken)
    {
        await using var database = await domainTables.Database.OpenConnectionAsync(cancellationToken);
        var from = await FromAsync(database, connection.Settings.ResponseSource, cancellationToken);
        await using var select = new NpgsqlCommand($"""
            select date_trunc($2, created, $3) as at,
                count(*) filter (where what = 'open' and first), count(*) filter (where what = 'open'), count(*) filter (where what = 'automatic'),
                count(*) filter (where what = 'click' and first), count(*) filter (where what = 'click'), count(*) filter (where what = 'unsubscribe' and first)
            from (
                select 'open' as what, created, recipient_id is not null and row_number() over (partition by recipient_id order by created) = 1 as first from {from["Opens"]} as t where mailing_id = $1
                union all select 'automatic', created, false from {from["AutomatedOpens"]} as t where mailing_id = $1
                union all select 'click', created, recipient_id is not null and row_number() over (partition by recipient_id order by created) = 1 from {from["Clicks"]} as t where mailing_id = $1
                union all select 'unsubscribe', created, recipient_id is not null and row_number() over (partition by recipient_id order by created) = 1 from {from["Unsubscribes"]} as t where mailing_id = $1) as e
            where created is not null group by 1 order by 1 limit {MostSteps}
            """, database)
        {
            Parameters = { new() { Value = mailing.MailingId }, new() { Value = byHour ? "hour" : "day" }, new() { Value = connection.Settings.TimeZone } },
        };
        var steps = new List<TimelineStep>();
        var (opened, clicked, left) = (0L, 0L, 0L);
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            opened += reader.GetInt64(1);
            clicked += reader.GetInt64(4);
            left += reader.GetInt64(6);
            steps.Add(new(
                reader.GetFieldValue<DateTimeOffset>(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6),
                Rates.Of(opened, mailing.Delivered), Rates.Of(clicked, mailing.Delivered), Rates.Of(left, mailing.Delivered)));
        }

        return steps;
    }

    /// <summary>The words of a mailing's states and categories, those that nobody documented too.</summary>
    public async Task<List<WordCount>> WordsAsync(Connection connection, long mailingId, CancellationToken cancellationToken)
    {
        await using var database = await domainTables.Database.OpenConnectionAsync(cancellationToken);
        var from = await FromAsync(database, connection.Settings.ResponseSource, cancellationToken);
        await using var select = new NpgsqlCommand($"""
            select what, word, count(*) from (
                select 'sendingStatus' as what, 1 as place, sending_status as word from {from["Recipients"]} as t where mailing_id = $1
                union all select 'deliveryStatus', 2, delivery_status from {from["Recipients"]} as t where mailing_id = $1
                union all select 'response.category', 3, response_category from {from["Recipients"]} as t where mailing_id = $1
                union all select 'category', 4, category from (select distinct recipient_id, category from {from["Responses"]} as t where mailing_id = $1) as r) as w
            group by what, place, word order by place, 3 desc, word limit 1000
            """, database) { Parameters = { new() { Value = mailingId } } };
        var words = new List<WordCount>();
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var word = reader.IsDBNull(1) ? null : reader.GetString(1);
            words.Add(new(reader.GetString(0), word, word switch { "HARD" or "fatal_bounce" => "hard", "SOFT" or "bounce" or "temporary_bounce" => "soft", _ => null }, reader.GetInt64(2)));
        }

        return words;
    }
}
