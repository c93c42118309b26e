using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;

namespace Platform.Campaigns.Reports;

/// <summary>Figures from the response tables, computed by PostgreSQL under the role that may only read them. A table that does not exist yet has no rows.</summary>
internal sealed partial class Reporting(CampaignsDbContext context, DomainTables domainTables)
{
    /// <summary>The response tables by feed name, and what stands for one that is missing.</summary>
    private static readonly Dictionary<string, string> Tables = new(StringComparer.Ordinal)
    {
        ["Mailings"] = "null::bigint as id, null::bigint as client_id, null::timestamptz as started, null::timestamptz as finished",
        ["Recipients"] = "null::bigint as mailing_id, null::bigint as id, null::text as sending_status, null::text as delivery_status, null::text as response_category",
        ["Links"] = "null::bigint as id, null::bigint as mailing_id, null::text as name, null::text as url",
        ["Clicks"] = "null::bigint as link_id, null::bigint as mailing_id, null::bigint as recipient_id, null::timestamptz as created",
        ["Opens"] = "null::bigint as mailing_id, null::bigint as recipient_id, null::timestamptz as created",
        ["AutomatedOpens"] = "null::bigint as mailing_id, null::bigint as recipient_id, null::timestamptz as created",
        ["Unsubscribes"] = "null::bigint as mailing_id, null::bigint as recipient_id, null::timestamptz as created",
        ["Responses"] = "null::bigint as mailing_id, null::bigint as recipient_id, null::text as category",
    };

    /// <summary>Newest mailings first; of one mailing when <paramref name="mailingId"/> is given.</summary>
    public async Task<List<MailingReport>> MailingsAsync(Connection connection, long? mailingId, long? before, int limit, CancellationToken cancellationToken)
    {
        await using var database = await domainTables.Database.OpenConnectionAsync(cancellationToken);
        var from = await FromAsync(database, connection.Settings.ResponseSource, cancellationToken);
        await using var select = new NpgsqlCommand($"""
            with m as (
                select id, client_id, started, finished from {from["Mailings"]} as t
                where ($1::bigint is null or id = $1) and ($2::bigint is null or id < $2) order by id desc limit $3),
            answers as (
                select mailing_id, recipient_id, bool_or(category = 'fatal_bounce') as hard, bool_or(category in ('bounce', 'temporary_bounce')) as soft,
                    bool_or(category not in ('fatal_bounce', 'bounce', 'temporary_bounce')) as answered
                from {from["Responses"]} as t where mailing_id in (select id from m) group by mailing_id, recipient_id),
            sent as (
                select r.mailing_id, count(*) filter (where r.sending_status <> 'could_not_be_sent') as sent, count(*) filter (where r.sending_status = 'could_not_be_sent') as not_sent,
                    count(*) filter (where f.hard) as hard, count(*) filter (where f.soft and not f.hard) as soft
                from {from["Recipients"]} as r left join answers as a on a.mailing_id = r.mailing_id and a.recipient_id = r.id,
                    lateral (select coalesce(r.delivery_status = 'HARD', false) or coalesce(r.response_category = 'fatal_bounce', false) or coalesce(a.hard, false) as hard,
                        coalesce(r.delivery_status = 'SOFT', false) or coalesce(r.response_category in ('bounce', 'temporary_bounce'), false) or coalesce(a.soft, false) as soft) as f
                where r.mailing_id in (select id from m) group by r.mailing_id)
            select m.id, m.client_id, m.started, m.finished, coalesce(s.sent, 0), coalesce(s.not_sent, 0), coalesce(s.hard, 0), coalesce(s.soft, 0),
                o.people, o.total, ao.people, c.people, c.total, u.people, (select count(*) from answers as a where a.mailing_id = m.id and a.answered)
            from m left join sent as s on s.mailing_id = m.id,
                lateral (select count(distinct recipient_id) as people, count(*) as total from {from["Opens"]} as t where t.mailing_id = m.id) as o,
                lateral (select count(distinct recipient_id) as people from {from["AutomatedOpens"]} as t where t.mailing_id = m.id) as ao,
                lateral (select count(distinct recipient_id) as people, count(*) as total from {from["Clicks"]} as t where t.mailing_id = m.id) as c,
                lateral (select count(distinct recipient_id) as people from {from["Unsubscribes"]} as t where t.mailing_id = m.id) as u
            order by m.id desc
            """, database);
        select.Parameters.Add(new() { Value = (object?)mailingId ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint });
        select.Parameters.Add(new() { Value = (object?)before ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Bigint });
        select.Parameters.Add(new() { Value = limit });
        var reports = await ReadAsync(select, cancellationToken);
        await AssignAsync(connection.Id, reports, cancellationToken);
        return reports;
    }

    public async Task<List<LinkReport>> LinksAsync(Connection connection, long mailingId, CancellationToken cancellationToken)
    {
        await using var database = await domainTables.Database.OpenConnectionAsync(cancellationToken);
        var from = await FromAsync(database, connection.Settings.ResponseSource, cancellationToken);

        // Links have an id for each recipient; what a person means by a link is its name and target.
        await using var select = new NpgsqlCommand($"""
            select l.name, l.url, count(distinct c.recipient_id), count(c.recipient_id)
            from {from["Links"]} as l left join {from["Clicks"]} as c on c.link_id = l.id and c.mailing_id = l.mailing_id
            where l.mailing_id = $1 group by l.name, l.url order by 4 desc, 2, 1
            """, database) { Parameters = { new() { Value = mailingId } } };
        var links = new List<LinkReport>();
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            links.Add(new(reader.IsDBNull(0) ? null : reader.GetString(0), reader.IsDBNull(1) ? "" : reader.GetString(1), reader.GetInt64(2), reader.GetInt64(3)));
        }

        return links;
    }

    private static async Task<List<MailingReport>> ReadAsync(NpgsqlCommand select, CancellationToken cancellationToken)
    {
        var reports = new List<MailingReport>();
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            reports.Add(new()
            {
                MailingId = reader.GetInt64(0),
                ClientId = reader.IsDBNull(1) ? null : reader.GetInt64(1),
                Started = reader.IsDBNull(2) ? null : reader.GetFieldValue<DateTimeOffset>(2),
                Finished = reader.IsDBNull(3) ? null : reader.GetFieldValue<DateTimeOffset>(3),
                Sent = reader.GetInt64(4),
                NotSent = reader.GetInt64(5),
                HardBounces = reader.GetInt64(6),
                SoftBounces = reader.GetInt64(7),
                Opens = reader.GetInt64(8),
                TotalOpens = reader.GetInt64(9),
                AutomaticOpens = reader.GetInt64(10),
                Clicks = reader.GetInt64(11),
                TotalClicks = reader.GetInt64(12),
                Unsubscribes = reader.GetInt64(13),
                Responses = reader.GetInt64(14),
            });
        }

        return reports;
    }

    /// <summary>A mailing belongs to the dispatch whose log file named it.</summary>
    private async Task AssignAsync(string connectionId, List<MailingReport> reports, CancellationToken cancellationToken)
    {
        var ids = reports.ConvertAll(report => (long?)report.MailingId);
        var dispatches = await context.Dispatches.AsNoTracking().Where(row => row.ConnectionId == connectionId && ids.Contains(row.MailingId))
            .Select(row => new { row.MailingId, row.Id, row.WaveId, row.MailingMatched }).ToListAsync(cancellationToken);
        foreach (var report in reports)
        {
            var dispatch = dispatches.FirstOrDefault(row => row.MailingId == report.MailingId);
            (report.DispatchId, report.WaveId, report.JoinedBy) = (dispatch?.Id, dispatch?.WaveId, dispatch switch { null => "unassigned", { MailingMatched: true } => "match", _ => "log" });
        }
    }

    private static async Task<Dictionary<string, string>> FromAsync(NpgsqlConnection database, string source, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand("select tablename from pg_tables where schemaname = 'domain' and tablename = any($1)", database)
        {
            Parameters = { new() { Value = Tables.Keys.Select(table => $"{source}:{table}").ToArray() } },
        };
        var there = new HashSet<string>(StringComparer.Ordinal);
        await using (var reader = await select.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                there.Add(reader.GetString(0));
            }
        }

        return Tables.ToDictionary(
            table => table.Key,
            table => there.Contains($"{source}:{table.Key}") ? $"domain.\"{$"{source}:{table.Key}".Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : $"(select {table.Value} where false)");
    }
}
