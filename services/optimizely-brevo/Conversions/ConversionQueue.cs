using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Npgsql;
using NpgsqlTypes;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults;

namespace Platform.OptimizelyBrevo.Conversions;

/// <summary>An event ready to be queued, or the reason why it cannot be.</summary>
internal sealed record QueuedEvent(Guid Id, string Payload, DateTimeOffset OccurredAt, string? Skipped);

/// <summary>
/// Puts events in line for a partner, each once: its id is made of its source, and one that is there already adds nothing (O6). Lines are cut into batches, each one call.
/// </summary>
internal sealed partial class ConversionQueue(NpgsqlDataSource database, TimeProvider clock)
{
    private const int Chunk = 5000;

    /// <summary>Queues events in one transaction; the number of those that were new.</summary>
    public async Task<long> QueueAsync(Connection connection, ConversionDirection direction, string? projectId, IReadOnlyList<QueuedEvent> events, CancellationToken cancellationToken)
    {
        if (events.Count == 0)
        {
            return 0;
        }

        await using var session = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await session.BeginTransactionAsync(cancellationToken);
        var distinct = events.DistinctBy(each => each.Id).Select(Storable).ToList();
        await using var insert = new NpgsqlCommand("""
            insert into conversion_events (id, connection_id, direction, payload, occurred_at, state, reason)
            select e.id, $1, $2, e.payload, e.occurred_at, case when e.skipped is null then 'Queued' else 'Skipped' end, e.skipped
            from unnest($3, $4, $5, $6) as e (id, payload, occurred_at, skipped)
            on conflict (id) do nothing returning id, state
            """, session, transaction)
        {
            Parameters =
            {
                new() { Value = connection.Id }, new() { Value = direction.ToString() },
                new() { Value = distinct.Select(each => each.Id).ToArray() },
                new() { Value = distinct.Select(each => each.Payload).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Jsonb },
                new() { Value = distinct.Select(each => each.OccurredAt).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
                new() { Value = distinct.Select(each => each.Skipped).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
            },
        };
        var added = new List<Guid>();
        var inserted = 0L;
        await using (var reader = await insert.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                inserted++;
                if (reader.GetString(1) == "Queued")
                {
                    added.Add(reader.GetGuid(0));
                }
            }
        }

        var size = direction == ConversionDirection.ToBrevo ? connection.Settings.Conversions.BatchSize : EventBatch.MostEvents;
        foreach (var part in added.Chunk(size))
        {
            await AddBatchAsync(session, transaction, connection.Id, direction, projectId, part, clock, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return inserted;
    }

    // A text from a partner's JSON may hold what jsonb cannot: U+0000, or half of a character.
    private static QueuedEvent Storable(QueuedEvent each) =>
        each.Payload.Contains("""\u0000""", StringComparison.Ordinal) || !WholeTexts.In(each.Payload)
            ? each with { Payload = "{}", Skipped = each.Skipped ?? "a text of the event holds U+0000 or half of a character, which cannot be stored" }
            : each;

    /// <summary>Queues the rows of a table of Optimizely's enriched events for Brevo. Rows that were queued before add nothing.</summary>
    public async Task<long> QueueFromTableAsync(Connection connection, TableReading reading, DomainTables tables, CancellationToken cancellationToken)
    {
        var source = reading.Source;
        List<string> optional = ["attributes", "revenue", "value", "quantity", "tags", .. source.Email is null ? Array.Empty<string>() : [source.Email]];
        var events = new List<QueuedEvent>(Chunk);
        var queued = 0L;
        await foreach (var row in tables.ReadAsync(reading, [source.UserId, "uuid", "event_name", "timestamp"], optional, cancellationToken))
        {
            var userId = row.Text(source.UserId) ?? "";
            var unreadable = row.Unreadable("attributes") ?? row.Unreadable("tags");
            var email = ContactAddress.Of(row.Text(source.Email) ?? ContactAddress.In(row.Json("attributes")), userId);
            var properties = new Dictionary<string, JsonElement>(StringComparer.Ordinal);
            foreach (var name in (string[])["revenue", "value", "quantity"])
            {
                if (row.Number(name) is { } number)
                {
                    properties[name] = JsonElement.Parse(number.ToString("R", CultureInfo.InvariantCulture));
                }
            }

            Flatten(row.Json("tags"), properties);
            // Optimizely writes its uuids in either case; one event is one event.
            var queuedEvent = ForBrevo(connection, (row.Text("uuid") ?? "").ToLowerInvariant(), row.Text("event_name") ?? "", email, row.Time("timestamp"), properties);
            events.Add(unreadable is null ? queuedEvent : queuedEvent with { Skipped = unreadable });
            if (events.Count == Chunk)
            {
                queued += await QueueAsync(connection, ConversionDirection.ToBrevo, null, events, cancellationToken);
                events.Clear();
            }
        }

        return queued + await QueueAsync(connection, ConversionDirection.ToBrevo, null, events, cancellationToken);
    }

    /// <summary>An event as Brevo wants it. Its id goes along as <c>event_id</c>: by it a batch that was cut off is settled.</summary>
    public static QueuedEvent ForBrevo(Connection connection, string sourceId, string eventKey, string? email, DateTimeOffset? occurredAt, Dictionary<string, JsonElement> properties)
    {
        var id = IdOf(connection.Id, ConversionDirection.ToBrevo, sourceId);
        var name = connection.Settings.Conversions.Names.GetValueOrDefault(eventKey) ?? NotInNames().Replace(eventKey, "_");
        var skipped = email is null ? ContactAddress.None
            : sourceId.Length == 0 ? "the event has no uuid: it could not be told from its repetition"
            : occurredAt is null ? "the event has no timestamp"
            : !ConnectionRules.EventName().IsMatch(name) ? "the event's name is empty or longer than 255 characters"
            : null;
        var kept = properties.Where(each => each.Key.Length is > 0 and <= 255).ToDictionary(each => NotInNames().Replace(each.Key, "_"), each => each.Value, StringComparer.Ordinal);
        kept["event_id"] = JsonSerializer.SerializeToElement(id.ToString(), PlatformJson.Options);
        var payload = JsonSerializer.Serialize(
            new() { EventName = name, EventDate = occurredAt ?? default, Identifiers = new(email ?? ""), EventProperties = JsonSerializer.SerializeToElement(kept, PlatformJson.Options) },
            BrevoJson.Default.BrevoEvent);
        return new(id, payload, occurredAt ?? DateTimeOffset.UnixEpoch, skipped);
    }

    /// <summary>A UUID (version 8, RFC 9562) that depends on nothing but connection, direction and source.</summary>
    public static Guid IdOf(string connectionId, ConversionDirection direction, string sourceId)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{connectionId}\n{direction}\n{sourceId}"), hash);
        hash[6] = (byte)((hash[6] & 0x0f) | 0x80);
        hash[8] = (byte)((hash[8] & 0x3f) | 0x80);
        return new(hash[..16], bigEndian: true);
    }

    public static async Task AddBatchAsync(
        NpgsqlConnection session, NpgsqlTransaction transaction, string connectionId, ConversionDirection direction, string? projectId, Guid[] events, TimeProvider clock, CancellationToken cancellationToken)
    {
        var id = PublicId.Sequential(ConversionBatch.IdPrefix);
        await using var batch = new NpgsqlCommand("""
            insert into conversion_batches (id, connection_id, direction, project_id, state, events, attempt, created_at, trace_parent) values ($1, $2, $3, $4, 'Ready', $5, 0, $6, $7)
            """, session, transaction)
        {
            Parameters =
            {
                new() { Value = id }, new() { Value = connectionId }, new() { Value = direction.ToString() }, new() { Value = (object?)projectId ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
                new() { Value = events.Length }, new() { Value = clock.GetUtcNow() },
                new() { Value = (object?)System.Diagnostics.Activity.Current?.Id ?? DBNull.Value, NpgsqlDbType = NpgsqlDbType.Text },
            },
        };
        await batch.ExecuteNonQueryAsync(cancellationToken);
        await using var assign = new NpgsqlCommand("update conversion_events set batch_id = $1 where id = any($2)", session, transaction) { Parameters = { new() { Value = id }, new() { Value = events } } };
        await assign.ExecuteNonQueryAsync(cancellationToken);
    }

    // An exported map of tags arrives as an object, or as a list of {key, value}.
    private static void Flatten(JsonElement tags, Dictionary<string, JsonElement> properties)
    {
        if (tags.ValueKind == JsonValueKind.Object)
        {
            foreach (var tag in tags.EnumerateObject())
            {
                properties.TryAdd(tag.Name, tag.Value);
            }
        }
        else if (tags.ValueKind == JsonValueKind.Array)
        {
            foreach (var tag in tags.EnumerateArray())
            {
                if (tag.ValueKind == JsonValueKind.Object && tag.TryGetProperty("key", out var key) && key.ValueKind == JsonValueKind.String && tag.TryGetProperty("value", out var value))
                {
                    properties.TryAdd(key.GetString()!, value);
                }
            }
        }
    }

    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex NotInNames();
}
