using Npgsql;
using Platform.Campaigns.Recipients;

namespace Platform.Campaigns.Dispatches;

/// <summary>
/// Who bounced softly in a mailing, by the response tables: SOFT, bounce or temporary_bounce, nothing hard (L8), and neither unsubscribed by that mailing nor by any later one. Addresses are made
/// keys of <see cref="RecipientIndex"/> as they arrive; none is kept.
/// </summary>
internal sealed class SoftBounces(DomainTables domainTables)
{
    /// <summary>Null while the sending log of the mailing has not been imported.</summary>
    public async Task<IReadOnlySet<UInt128>?> FindAsync(string responseSource, long mailingId, CancellationToken cancellationToken)
    {
        await using var database = await domainTables.Database.OpenConnectionAsync(cancellationToken);
        var tables = await TablesAsync(database, responseSource, cancellationToken);
        if (!tables.TryGetValue("Recipients", out var recipients))
        {
            return null;
        }

        var answers = tables.GetValueOrDefault("Responses", "(select null::bigint as mailing_id, null::bigint as recipient_id, null::text as category where false)");
        var unsubscribes = tables.GetValueOrDefault("Unsubscribes", "(select null::bigint as mailing_id, null::text as email where false)");
        await using var select = new NpgsqlCommand($"""
            with answers as (
                select recipient_id, bool_or(category = 'fatal_bounce') as hard, bool_or(category in ('bounce', 'temporary_bounce')) as soft from {answers} as a where mailing_id = $1 group by recipient_id)
            select case when (coalesce(r.delivery_status = 'SOFT', false) or coalesce(r.response_category in ('bounce', 'temporary_bounce'), false) or coalesce(a.soft, false))
                and not (coalesce(r.delivery_status = 'HARD', false) or coalesce(r.response_category = 'fatal_bounce', false) or coalesce(a.hard, false))
                and not exists (select from {unsubscribes} as u where lower(u.email) = lower(r.email) and u.mailing_id >= $1) then r.email end
            from {recipients} as r left join answers as a on a.recipient_id = r.id where r.mailing_id = $1
            """, database) { Parameters = { new() { Value = mailingId } } };
        HashSet<UInt128>? found = null;
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found ??= [];
            if (!reader.IsDBNull(0))
            {
                found.Add(RecipientIndex.KeyOf(reader.GetFieldValue<byte[]>(0)));
            }
        }

        return found;
    }

    /// <summary>The response tables that exist, by feed, quoted.</summary>
    private static async Task<Dictionary<string, string>> TablesAsync(NpgsqlConnection database, string source, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand(
            """
            select feed, format('domain.%I', $1 || ':' || feed) from unnest(array['Recipients', 'Responses', 'Unsubscribes']) as feed
            where to_regclass(format('domain.%I', $1 || ':' || feed)) is not null
            """, database)
        {
            Parameters = { new() { Value = source } },
        };
        var tables = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            tables.Add(reader.GetString(0), reader.GetString(1));
        }

        return tables;
    }
}
