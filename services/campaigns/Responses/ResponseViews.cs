namespace Platform.Campaigns.Responses;

/// <summary>A view over the response tables, beside them.</summary>
internal sealed record ResponseView(string Name, string Comment, string Select);

/// <summary>The figures of the reports as SQL views, for those who query the tables themselves (L8): counted as <c>Reports/Reporting.cs</c> counts.</summary>
internal static class ResponseViews
{
    public static IEnumerable<ResponseView> Of(string source)
    {
        string Table(ResponseKind kind) => ResponseFacts.DomainTable(source, kind);
        yield return new("MailingReport", "Figures of each mailing: one recipient counts once in each figure unless it says total; a recipient has one bounce, hard before soft; automatic opens are apart.", Mailings(source));
        yield return new("LinkReport", "Clicks by link: a link is its name and target, whatever ids it has for its recipients.", $"""
            select l.mailing_id, l.name, l.url, count(distinct c.recipient_id) as clicks, count(c.mailing_id) as total_clicks
            from {Table(ResponseKind.Links)} as l left join {Table(ResponseKind.Clicks)} as c on c.link_id = l.id and c.mailing_id = l.mailing_id
            group by l.mailing_id, l.name, l.url
            """);
        yield return new("HourlyReport", "What happened to each mailing in each hour, every time counted.", $"""
            select mailing_id, date_trunc('hour', created) as hour, count(*) filter (where what = 'open') as total_opens, count(*) filter (where what = 'automatic') as automatic_opens,
                count(*) filter (where what = 'click') as total_clicks, count(*) filter (where what = 'unsubscribe') as unsubscribes
            from (
                select mailing_id, created, 'open' as what from {Table(ResponseKind.Opens)}
                union all select mailing_id, created, 'automatic' from {Table(ResponseKind.AutomatedOpens)}
                union all select mailing_id, created, 'click' from {Table(ResponseKind.Clicks)}
                union all select mailing_id, created, 'unsubscribe' from {Table(ResponseKind.Unsubscribes)}) as e
            group by 1, 2
            """);
    }

    /// <summary>Figures of each mailing.</summary>
    public static string Mailings(string source)
    {
        string Table(ResponseKind kind) => ResponseFacts.DomainTable(source, kind);
        return $"""
            select m.id as mailing_id, m.client_id, m.started, m.finished, coalesce(s.sent, 0) as sent, coalesce(s.not_sent, 0) as not_sent,
                coalesce(s.sent - s.hard - s.soft, 0) as delivered, coalesce(s.hard, 0) as hard_bounces, coalesce(s.soft, 0) as soft_bounces,
                coalesce(o.people, 0) as opens, coalesce(o.total, 0) as total_opens, coalesce(ao.people, 0) as automatic_opens, coalesce(c.people, 0) as clicks, coalesce(c.total, 0) as total_clicks,
                coalesce(u.people, 0) as unsubscribes, coalesce(r.people, 0) as responses,
                round(o.people::numeric / nullif(s.sent - s.hard - s.soft, 0), 6) as open_rate, round(c.people::numeric / nullif(s.sent - s.hard - s.soft, 0), 6) as click_rate,
                round(u.people::numeric / nullif(s.sent - s.hard - s.soft, 0), 6) as unsubscribe_rate
            from {Table(ResponseKind.Mailings)} as m
            left join (
                select l.mailing_id, count(*) filter (where l.sending_status <> 'could_not_be_sent') as sent, count(*) filter (where l.sending_status = 'could_not_be_sent') as not_sent,
                    count(*) filter (where f.hard) as hard, count(*) filter (where f.soft and not f.hard) as soft
                from {Table(ResponseKind.Recipients)} as l
                left join (
                    select mailing_id, recipient_id, bool_or(category = 'fatal_bounce') as hard, bool_or(category in ('bounce', 'temporary_bounce')) as soft
                    from {Table(ResponseKind.Responses)} group by mailing_id, recipient_id) as a on a.mailing_id = l.mailing_id and a.recipient_id = l.id,
                lateral (select coalesce(l.delivery_status = 'HARD', false) or coalesce(l.response_category = 'fatal_bounce', false) or coalesce(a.hard, false) as hard,
                    coalesce(l.delivery_status = 'SOFT', false) or coalesce(l.response_category in ('bounce', 'temporary_bounce'), false) or coalesce(a.soft, false) as soft) as f
                group by l.mailing_id) as s on s.mailing_id = m.id
            left join (select mailing_id, count(distinct recipient_id) as people, count(*) as total from {Table(ResponseKind.Opens)} group by 1) as o on o.mailing_id = m.id
            left join (select mailing_id, count(distinct recipient_id) as people from {Table(ResponseKind.AutomatedOpens)} group by 1) as ao on ao.mailing_id = m.id
            left join (select mailing_id, count(distinct recipient_id) as people, count(*) as total from {Table(ResponseKind.Clicks)} group by 1) as c on c.mailing_id = m.id
            left join (select mailing_id, count(distinct recipient_id) as people from {Table(ResponseKind.Unsubscribes)} group by 1) as u on u.mailing_id = m.id
            left join (select mailing_id, count(distinct recipient_id) as people from {Table(ResponseKind.Responses)} where category not in ('fatal_bounce', 'bounce', 'temporary_bounce') group by 1) as r on r.mailing_id = m.id
            """;
    }
}
