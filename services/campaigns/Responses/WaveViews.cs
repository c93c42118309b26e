using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Clients;
using Platform.Campaigns.Persistence;

namespace Platform.Campaigns.Responses;

/// <summary>
/// Keeps the views of waves beside those of mailings and links (L8). Which mailing belongs to which wave stands in the dispatches, which are no domain table: it is written into the views, and they are
/// made anew when it has changed.
/// </summary>
internal sealed class WaveViews(CampaignsDbContext context, FeedsClient feeds)
{
    /// <summary>As many as the reports look at.</summary>
    private const int MostMailings = 10_000;

    public async Task PutAsync(ResponseImport import, CancellationToken cancellationToken)
    {
        var mailings = await context.Dispatches.AsNoTracking().Where(row => row.ConnectionId == import.Id && row.MailingId != null)
            .OrderByDescending(row => row.MailingId).ThenBy(row => row.Id).Take(MostMailings)
            .Select(row => new Assigned(row.MailingId!.Value, row.WaveId, row.Id, row.MailingMatched)).ToListAsync(cancellationToken);
        var views = Of(import.Source, mailings.DistinctBy(mailing => mailing.MailingId)).ToList();
        var mark = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Concat(views.Select(view => view.Select)))));
        if (mark == import.WavesPut)
        {
            return;
        }

        foreach (var view in views)
        {
            await feeds.PutViewAsync(import.Source, view.Name, view.Select, view.Comment, cancellationToken);
        }

        await context.ResponseImports.Where(row => row.Id == import.Id && row.WavesPut == import.WavesPut).ExecuteUpdateAsync(row => row.SetProperty(value => value.WavesPut, mark), cancellationToken);
    }

    private static IEnumerable<ResponseView> Of(string source, IEnumerable<Assigned> mailings)
    {
        // Numbers and ids made here: nothing that anybody wrote.
        var rows = string.Join(", ", mailings.Select(mailing => string.Create(CultureInfo.InvariantCulture,
            $"({mailing.MailingId}, {(mailing.WaveId is { } wave ? wave.ToString(CultureInfo.InvariantCulture) : "null")}, '{mailing.DispatchId}', '{(mailing.Matched ? "match" : "log")}')")));
        var assigned = rows.Length == 0
            ? "select null::bigint as mailing_id, null::bigint as wave_id, null::text as dispatch_id, null::text as joined_by where false"
            : $"select mailing_id::bigint, wave_id::bigint, dispatch_id::text, joined_by::text from (values {rows}) as v (mailing_id, wave_id, dispatch_id, joined_by)";
        yield return new("MailingWaves", "The dispatch and wave of each mailing; mailings that are not here are of no known dispatch. Join LinkReport and HourlyReport with it by mailing_id.", assigned);
        yield return new("WaveReport", "Figures of each wave, its mailings together: a recipient of two of them counts twice. Mailings of no known dispatch are unassigned.", $"""
            with m as ({ResponseViews.Mailings(source)}), w as ({assigned})
            select f.*, round(f.opens::numeric / nullif(f.delivered, 0), 6) as open_rate, round(f.clicks::numeric / nullif(f.delivered, 0), 6) as click_rate,
                round(f.unsubscribes::numeric / nullif(f.delivered, 0), 6) as unsubscribe_rate
            from (
                select w.wave_id, case when bool_or(w.joined_by = 'match') then 'match' else coalesce(min(w.joined_by), 'unassigned') end as joined_by,
                    array_agg(m.mailing_id order by m.mailing_id desc) as mailing_ids, sum(m.sent)::bigint as sent, sum(m.not_sent)::bigint as not_sent, sum(m.delivered)::bigint as delivered,
                    sum(m.hard_bounces)::bigint as hard_bounces, sum(m.soft_bounces)::bigint as soft_bounces, sum(m.opens)::bigint as opens, sum(m.total_opens)::bigint as total_opens,
                    sum(m.automatic_opens)::bigint as automatic_opens, sum(m.clicks)::bigint as clicks, sum(m.total_clicks)::bigint as total_clicks, sum(m.unsubscribes)::bigint as unsubscribes,
                    sum(m.responses)::bigint as responses
                from m left join w on w.mailing_id = m.mailing_id group by w.wave_id, w.mailing_id is null) as f
            """);
    }

    private sealed record Assigned(long MailingId, long? WaveId, string DispatchId, bool Matched);
}
