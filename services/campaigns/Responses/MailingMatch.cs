using System.Text;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;

namespace Platform.Campaigns.Responses;

/// <summary>
/// Finds the mailing of dispatches that no log file told of (L8): it is of the dispatch's client, began after the upload, and went to people of the dispatch. What fits no dispatch is left alone: its wave
/// is <c>unassigned</c>. A log file that comes later goes before it.
/// </summary>
internal sealed class MailingMatch(CampaignsDbContext context, DomainTables domainTables, TimeProvider clock)
{
    private const int Sample = 1000;

    // Sources differ in a few addresses: test addresses the partner adds, addresses it writes otherwise.
    private const double ShareOfOurs = 0.9;

    private static readonly TimeSpan LookBack = TimeSpan.FromDays(31);

    // The partner's clock may be behind ours.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromMinutes(10);

    public async Task FindAsync(ResponseImport import, CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - LookBack;
        var open = await (
            from dispatch in context.Dispatches
            join list in context.RecipientLists on dispatch.ListId equals list.Id
            where dispatch.ConnectionId == import.Id && dispatch.UploadedAt > since && dispatch.MailingId == null
            orderby dispatch.UploadedAt descending
            select new Unnamed(dispatch.Id, list.Client, dispatch.UploadedAt!.Value)).ToListAsync(cancellationToken);
        if (open.Count == 0)
        {
            return;
        }

        var settings = await context.Connections.AsNoTracking().Where(row => row.Id == import.Id).Select(row => row.Settings).SingleAsync(cancellationToken);
        var named = (await context.Dispatches.Where(row => row.ConnectionId == import.Id && row.MailingId != null).Select(row => row.MailingId!.Value).ToListAsync(cancellationToken)).ToHashSet();
        await using var database = await domainTables.Database.OpenConnectionAsync(cancellationToken);
        foreach (var mailing in await MailingsAsync(database, import.Source, since, cancellationToken))
        {
            if (!named.Contains(mailing.Id) && await BestAsync(database, import.Source, mailing, open, settings, cancellationToken) is { } best)
            {
                await context.Dispatches.Where(row => row.Id == best.Id && row.MailingId == null)
                    .ExecuteUpdateAsync(row => row.SetProperty(value => value.MailingId, mailing.Id).SetProperty(value => value.MailingMatched, true), cancellationToken);
                open.Remove(best);
            }
        }
    }

    private static async Task<List<Mailing>> MailingsAsync(NpgsqlConnection database, string source, DateTimeOffset since, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand($"select id, client_id, started from {ResponseFacts.DomainTable(source, ResponseKind.Mailings)} where started > $1 order by started", database) { Parameters = { new() { Value = since } } };
        var mailings = new List<Mailing>();
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            mailings.Add(new(reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetInt64(1), reader.GetFieldValue<DateTimeOffset>(2)));
        }

        return mailings;
    }

    /// <summary>Of the dispatches that fit, the one that was uploaded last before the mailing began.</summary>
    private async Task<Unnamed?> BestAsync(
        NpgsqlConnection database, string source, Mailing mailing, List<Unnamed> open, CampaignConnectionSettings settings, CancellationToken cancellationToken)
    {
        var fitting = open.FindAll(dispatch => dispatch.UploadedAt - ClockDifference <= mailing.Started && (settings.Find(dispatch.Client)?.MailingGroupId is not { } client || client == mailing.ClientId));
        if (fitting.Count == 0)
        {
            return null;
        }

        var people = await PeopleAsync(database, source, mailing.Id, cancellationToken);
        await context.Database.OpenConnectionAsync(cancellationToken);
        foreach (var dispatch in fitting.TakeWhile(_ => people.Count > 0))
        {
            var index = new RecipientIndex();
            await index.LoadAsync((NpgsqlConnection)context.Database.GetDbConnection(), null, [dispatch.Id], cancellationToken);
            if (people.Count(index.Contains) >= people.Count * ShareOfOurs)
            {
                return dispatch;
            }
        }

        return null;
    }

    private static async Task<List<UInt128>> PeopleAsync(NpgsqlConnection database, string source, long mailingId, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand(
            $"select email from {ResponseFacts.DomainTable(source, ResponseKind.Recipients)} where mailing_id = $1 and email is not null limit {Sample}", database)
        { Parameters = { new() { Value = mailingId } } };
        var people = new List<UInt128>();
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            people.Add(RecipientIndex.KeyOf(Encoding.UTF8.GetBytes(reader.GetString(0).Trim())));
        }

        return people;
    }

    private sealed record Unnamed(string Id, string? Client, DateTimeOffset UploadedAt);

    private sealed record Mailing(long Id, long? ClientId, DateTimeOffset Started);
}
