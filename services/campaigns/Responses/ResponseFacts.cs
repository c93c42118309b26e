using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;
using Platform.Contracts.Campaigns;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Campaigns.Responses;

/// <summary>
/// Tells other systems of unsubscribes and hard bounces that an import brought (L9), each once (docs/adr/0043): rows of loads that were not looked through yet are read, and what was told is kept. The note
/// and the event are one commit, so that neither a repeated import nor a crash tells a fact twice or not at all.
/// </summary>
internal sealed class ResponseFacts(CampaignsDbContext context, DomainTables domainTables, TimeProvider clock)
{
    private const int BatchSize = 1000;

    private static readonly (ResponseKind Kind, FactKind Fact, string Where, string At, string Recipient)[] Sources =
    [
        (ResponseKind.Unsubscribes, FactKind.Unsubscribed, "true", "created", "recipient_id"),
        (ResponseKind.Recipients, FactKind.Bounced, "(delivery_status = 'HARD' or response_category = 'fatal_bounce')", "coalesce(created, _updated_at)", "id"),
        (ResponseKind.Responses, FactKind.Bounced, "category = 'fatal_bounce'", "created", "recipient_id"),
    ];

    public async Task TellAsync(ResponseImport import, CancellationToken cancellationToken)
    {
        foreach (var source in Sources.Where(source => import.Feeds.ContainsKey(source.Kind)))
        {
            var feedId = import.Feeds[source.Kind];
            var since = import.ToldUpTo.GetValueOrDefault(feedId);
            await using var database = await domainTables.Database.OpenConnectionAsync(cancellationToken);

            // One snapshot: loads of a feed apply in the order of their numbers, so whatever commits later has a greater one than the greatest seen.
            await using var snapshot = await database.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
            var table = DomainTable(import.Source, source.Kind);
            var newest = await NewestAsync(database, table, cancellationToken);
            if (newest <= since)
            {
                continue;
            }

            await using var select = new NpgsqlCommand(
                $"select mailing_id, {source.Recipient}, email, {source.At} from {table} where _load_id > $1 and mailing_id is not null and email is not null and {source.Where}", database)
            { Parameters = { new() { Value = since } }, CommandTimeout = 600 };
            var batch = new List<Fact>(BatchSize);
            await using (var reader = await select.ExecuteReaderAsync(cancellationToken))
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    batch.Add(new(reader.GetInt64(0), reader.IsDBNull(1) ? null : reader.GetInt64(1), HashOf(reader.GetString(2)), reader.GetFieldValue<DateTimeOffset>(3)));
                    if (batch.Count == BatchSize)
                    {
                        await TellAsync(import.Id, source.Fact, batch, cancellationToken);
                        batch.Clear();
                    }
                }
            }

            await TellAsync(import.Id, source.Fact, batch, cancellationToken);
            await context.Database.ExecuteSqlAsync($"update response_imports set told_up_to = told_up_to || jsonb_build_object({feedId}, {newest}) where id = {import.Id}", cancellationToken);
        }
    }

    /// <summary>SHA-256 of an address, trimmed and in lower case.</summary>
    internal static byte[] HashOf(string address) => SHA256.HashData(Encoding.UTF8.GetBytes(address.Trim().ToLowerInvariant()));

    internal static string DomainTable(string source, ResponseKind kind) => $"domain.\"{$"{source}:{kind}".Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static async Task<long> NewestAsync(NpgsqlConnection database, string table, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand($"select coalesce(max(_load_id), 0) from {table}", database) { CommandTimeout = 600 };
        return (long)(await select.ExecuteScalarAsync(cancellationToken))!;
    }

    private async Task TellAsync(string connectionId, FactKind kind, List<Fact> batch, CancellationToken cancellationToken)
    {
        if (batch.Count == 0)
        {
            return;
        }

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var fresh = await KeepAsync((NpgsqlTransaction)transaction.GetDbTransaction(), connectionId, kind == FactKind.Bounced ? "bounced" : "unsubscribed", batch, cancellationToken);
        var byKey = batch.GroupBy(fact => (fact.MailingId, Convert.ToHexStringLower(fact.Email))).ToDictionary(group => group.Key, group => group.MinBy(fact => fact.At)!);
        foreach (var key in fresh)
        {
            var fact = byKey[key];
            context.Publish(
                kind == FactKind.Bounced
                    ? new RecipientBounced { ConnectionId = connectionId, EmailSha256 = key.Email, MailingId = fact.MailingId, MailingToUserId = fact.RecipientId, OccurredAt = fact.At }
                    : new RecipientUnsubscribed { ConnectionId = connectionId, EmailSha256 = key.Email, MailingId = fact.MailingId, MailingToUserId = fact.RecipientId, OccurredAt = fact.At },
                clock);
        }

        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        context.ChangeTracker.Clear();
    }

    /// <summary>Notes facts as told; those that had not been, by mailing and hash.</summary>
    private async Task<List<(long MailingId, string Email)>> KeepAsync(NpgsqlTransaction transaction, string connectionId, string kind, List<Fact> batch, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand("""
            insert into told_facts (connection_id, kind, mailing_id, email_sha256, told_at)
            select $1, $2, f.mailing_id, f.hash, $3 from unnest($4, $5) as f(mailing_id, hash)
            on conflict do nothing returning mailing_id, email_sha256
            """, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = connectionId },
                new() { Value = kind },
                new() { Value = clock.GetUtcNow() },
                new() { Value = batch.Select(fact => fact.MailingId).ToArray() },
                new() { Value = batch.Select(fact => fact.Email).ToArray() },
            },
        };
        var fresh = new List<(long, string)>();
        await using var reader = await insert.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            fresh.Add((reader.GetInt64(0), Convert.ToHexStringLower(reader.GetFieldValue<byte[]>(1))));
        }

        return fresh;
    }

    private sealed record Fact(long MailingId, long? RecipientId, byte[] Email, DateTimeOffset At);
}
