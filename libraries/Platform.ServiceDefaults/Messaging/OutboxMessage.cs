using System.Diagnostics;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Platform.Contracts.Failures;

namespace Platform.ServiceDefaults.Messaging;

/// <summary>A message that became a fact together with the rows of its transaction, and waits to be handed to the broker.</summary>
public sealed class OutboxMessage
{
    /// <summary>Also the message id on the bus, by which receivers know a second delivery.</summary>
    public required Guid Id { get; init; }

    /// <summary>Full name of a type in Platform.Contracts.</summary>
    public required string MessageType { get; init; }

    /// <summary>The message as JSON.</summary>
    public required string Body { get; init; }

    /// <summary>W3C trace context of the operation that caused the message; null outside any trace.</summary>
    public string? TraceParent { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    internal static OutboxMessage From(object message, DateTimeOffset now)
    {
        var type = message.GetType();
        if (type.Assembly != typeof(FailureCategory).Assembly)
        {
            throw new ArgumentException($"{type} is not a contract: only types of Platform.Contracts travel on the bus.", nameof(message));
        }

        return new()
        {
            Id = Guid.CreateVersion7(now),
            MessageType = type.FullName!,
            Body = JsonSerializer.Serialize(message, type, PlatformJson.Options),
            TraceParent = Activity.Current?.Id,
            CreatedAt = now,
        };
    }

    internal object Read() =>
        JsonSerializer.Deserialize(Body, typeof(FailureCategory).Assembly.GetType(MessageType, throwOnError: true)!, PlatformJson.Options)!;
}

/// <summary>A message that was already handled by a consumer; kept so that a second delivery changes nothing.</summary>
public sealed class InboxMessage
{
    /// <summary>Id of the message on the bus.</summary>
    public required Guid MessageId { get; init; }

    /// <summary>Name of the consumer type.</summary>
    public required string Consumer { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }
}

/// <summary>Adding messages to the outbox: with EF's next <c>SaveChanges</c>, or inside a transaction of plain Npgsql.</summary>
public static class Outbox
{
    /// <summary>Maps the two tables. Call it in <c>OnModelCreating</c>.</summary>
    public static void AddMessaging(this ModelBuilder model)
    {
        model.Entity<OutboxMessage>(outbox =>
        {
            outbox.HasKey(message => message.Id);
            outbox.ToTable("OutboxMessages");
        });
        model.Entity<InboxMessage>(inbox =>
        {
            inbox.HasKey(message => new { message.MessageId, message.Consumer });
            inbox.HasIndex(message => message.ReceivedAt);
            inbox.ToTable("InboxMessages");
        });
    }

    /// <summary>Publishes a command or event when, and only when, the changes of this context are committed.</summary>
    public static void Publish(this DbContext context, object message, TimeProvider clock) =>
        context.Set<OutboxMessage>().Add(OutboxMessage.From(message, clock.GetUtcNow()));

    /// <summary>
    /// Publishes a command or event when, and only when, <paramref name="transaction"/> commits. Call <see cref="OutboxSignal.Wake"/> after the commit, or the message waits for the next poll.
    /// </summary>
    public static Task PublishAsync(NpgsqlTransaction transaction, object message, TimeProvider clock, CancellationToken cancellationToken) => PublishAllAsync(transaction, [message], clock, cancellationToken);

    /// <summary>Publishes many messages by one statement, in all else as <see cref="PublishAsync"/>.</summary>
    public static async Task PublishAllAsync(NpgsqlTransaction transaction, IEnumerable<object> messages, TimeProvider clock, CancellationToken cancellationToken)
    {
        var rows = messages.Select(message => OutboxMessage.From(message, clock.GetUtcNow())).ToArray();
        await using var command = new NpgsqlCommand(
            "insert into outbox_messages (id, message_type, body, trace_parent, created_at) select * from unnest($1, $2, $3, $4, $5)", transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = rows.Select(row => row.Id).ToArray() },
                new() { Value = rows.Select(row => row.MessageType).ToArray() },
                new() { Value = rows.Select(row => row.Body).ToArray() },
                new() { Value = rows.Select(row => row.TraceParent).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text },
                new() { Value = rows.Select(row => row.CreatedAt).ToArray() },
            },
        };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
