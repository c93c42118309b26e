using MassTransit;
using Microsoft.EntityFrameworkCore;

namespace Platform.ServiceDefaults.Messaging;

/// <summary>
/// A consumer that handles each message once: the inbox row, the changes of <see cref="HandleAsync"/> and the messages it publishes commit together, and only then is the
/// delivery acknowledged. Consumers are doors, not rooms: write a row and return; long work belongs to a worker.
/// </summary>
public abstract class InboxConsumer<TMessage, TContext>(TContext context, TimeProvider clock) : IConsumer<TMessage>
    where TMessage : class
    where TContext : DbContext
{
    /// <summary>The service's database, inside the transaction of this delivery.</summary>
    protected TContext Database { get; } = context;

    /// <summary>The clock.</summary>
    protected TimeProvider Clock { get; } = clock;

    /// <inheritdoc/>
    public async Task Consume(ConsumeContext<TMessage> context)
    {
        var cancellationToken = context.CancellationToken;
        var messageId = context.MessageId ?? throw new InvalidOperationException($"A {typeof(TMessage).Name} arrived without a message id; it cannot be handled exactly once.");
        await using var transaction = await Database.Database.BeginTransactionAsync(cancellationToken);
        var consumer = GetType().Name;
        var now = Clock.GetUtcNow();
        var first = await Database.Database.ExecuteSqlAsync(
            $"insert into inbox_messages (message_id, consumer, received_at) values ({messageId}, {consumer}, {now}) on conflict do nothing", cancellationToken);
        if (first == 0)
        {
            return;
        }

        await HandleAsync(context.Message, cancellationToken);
        await Database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        OnCommitted();
    }

    /// <summary>Changes rows through <see cref="Database"/>; saving and committing is done by the caller. May run again when the commit fails.</summary>
    protected abstract Task HandleAsync(TMessage message, CancellationToken cancellationToken);

    /// <summary>Called after the commit, for example to wake a worker.</summary>
    protected virtual void OnCommitted()
    {
    }
}
