using System.Diagnostics;
using System.Reflection;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using OpenTelemetry;
using Platform.Contracts;

namespace Platform.ServiceDefaults.Messaging;

/// <summary>
/// Hands committed messages to the broker: claim rows that nobody else holds, publish with the broker's confirmation, delete, commit. A crash in between publishes a
/// message again under the same id, which the receivers' inbox drops. Never "id greater than the last seen": transactions commit out of order.
/// </summary>
internal sealed partial class OutboxDelivery(NpgsqlDataSource database, IBus bus, BusReadiness readiness, OutboxSignal signal, TimeProvider clock, ILogger<OutboxDelivery> logger) : BackgroundService
{
    private const int BatchSize = 100;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan BatchTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan UndeliverableRest = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan InboxKept = TimeSpan.FromDays(14);

    // Messages that nobody takes at present, and when to try them again; meanwhile they must not stand in the way of the others.
    private readonly Dictionary<Guid, DateTimeOffset> _resting = [];
    private DateTimeOffset _nextSweep;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (readiness.MayPublish() && await DeliverBatchAsync(stoppingToken) == BatchSize)
                {
                }

                await SweepInboxAsync(stoppingToken);
                failures = 0;
                await signal.WaitAsync(Poll, stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or MassTransitException or RabbitMQ.Client.Exceptions.RabbitMQClientException or TimeoutException or OperationCanceledException)
            {
                // The environment's fault: nothing is lost, the rows stay. Said once per outage and then every tenth time.
                if (failures++ % 10 == 0)
                {
                    DeliveryFailed(logger, e, failures);
                }

                await Task.Delay(TimeSpan.FromSeconds(Math.Min(failures, 5)), clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Returns how many messages were claimed.</summary>
    internal async Task<int> DeliverBatchAsync(CancellationToken stoppingToken)
    {
        // A broker that went away makes publishing wait; the transaction must not wait with it for ever.
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        timeout.CancelAfter(BatchTimeout);
        var cancellationToken = timeout.Token;

        using var quietly = Telemetry.Quietly();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var messages = await ClaimAsync(connection, transaction, cancellationToken);
        if (messages.Count == 0)
        {
            return 0;
        }

        // All at once: a broker confirms many messages in the time it takes to confirm one. Order between messages is not promised.
        var deliveries = messages.Select(message => (message.Id, Task: TryPublishAsync(message, cancellationToken))).ToList();
        await ((Task)Task.WhenAll(deliveries.Select(delivery => delivery.Task))).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        var delivered = deliveries.FindAll(delivery => delivery.Task is { IsCompletedSuccessfully: true, Result: true }).ConvertAll(delivery => delivery.Id);
        foreach (var (id, _) in deliveries.FindAll(delivery => delivery.Task is { IsCompletedSuccessfully: true, Result: false }))
        {
            _resting[id] = clock.GetUtcNow() + UndeliverableRest;
        }

        await using var delete = new NpgsqlCommand("delete from outbox_messages where id = any($1)", connection, transaction)
        {
            Parameters = { new() { Value = delivered.ToArray() } },
        };
        await delete.ExecuteNonQueryAsync(stoppingToken);
        await transaction.CommitAsync(stoppingToken);

        // What was confirmed is gone; what failed with the broker is tried again, and its failure is told.
        if (deliveries.Find(delivery => !delivery.Task.IsCompletedSuccessfully).Task is { } failed)
        {
            await failed;
        }

        return messages.Count;
    }

    /// <summary>False when this message, and not the broker, is the obstacle.</summary>
    private async Task<bool> TryPublishAsync(OutboxMessage message, CancellationToken cancellationToken)
    {
        using var loudly = SuppressInstrumentationScope.Begin(false);
        using var activity = Telemetry.StartFrom("outbox deliver", message.TraceParent, ActivityKind.Producer);
        object contract;
        try
        {
            contract = message.Read();
        }
        catch (Exception e) when (e is TypeLoadException or System.Text.Json.JsonException)
        {
            Unreadable(logger, e, message.Id, message.MessageType);
            return false;
        }

        try
        {
            await bus.Publish(contract, contract.GetType(), context =>
            {
                context.MessageId = message.Id;

                // An event without subscribers is nobody's loss. A command that no queue takes, because its service has never run, must wait.
                if (contract.GetType().IsDefined(typeof(CommandAttribute)) && context.TryGetPayload<RabbitMqSendContext>(out var rabbit))
                {
                    rabbit.Mandatory = true;
                }
            }, cancellationToken);
            return true;
        }
        catch (Exception e) when (IsReturned(e))
        {
            NobodyTakes(logger, message.MessageType);
            return false;
        }
    }

    private static bool IsReturned(Exception e) => e is MessageReturnedException or RabbitMQ.Client.Exceptions.PublishException { IsReturn: true };

    private async Task<List<OutboxMessage>> ClaimAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        foreach (var rested in _resting.Where(pair => pair.Value <= now).Select(pair => pair.Key).ToList())
        {
            _resting.Remove(rested);
        }

        await using var claim = new NpgsqlCommand(
            "select id, message_type, body, trace_parent, created_at from outbox_messages where id <> all($2) order by id limit $1 for update skip locked", connection, transaction)
        {
            Parameters = { new() { Value = BatchSize }, new() { Value = _resting.Keys.ToArray() } },
        };
        var messages = new List<OutboxMessage>();
        await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            messages.Add(new()
            {
                Id = reader.GetGuid(0),
                MessageType = reader.GetString(1),
                Body = reader.GetString(2),
                TraceParent = reader.IsDBNull(3) ? null : reader.GetString(3),
                CreatedAt = reader.GetFieldValue<DateTimeOffset>(4),
            });
        }

        return messages;
    }

    private async Task SweepInboxAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (now < _nextSweep)
        {
            return;
        }

        await using var sweep = database.CreateCommand("delete from inbox_messages where received_at < $1");
        sweep.Parameters.Add(new() { Value = now - InboxKept });
        await sweep.ExecuteNonQueryAsync(cancellationToken);
        _nextSweep = now + TimeSpan.FromHours(1);
    }

    [LoggerMessage(EventId = 110, Level = LogLevel.Warning, Message = "Messages cannot be handed to the broker at present (failure {Failures} in a row); they wait in the outbox")]
    private static partial void DeliveryFailed(ILogger logger, Exception exception, int failures);

    [LoggerMessage(EventId = 111, Level = LogLevel.Warning, Message = "No queue takes {MessageType} yet: its service has never been connected to this broker. The message waits in the outbox")]
    private static partial void NobodyTakes(ILogger logger, string messageType);

    [LoggerMessage(EventId = 112, Level = LogLevel.Error, Message = "Message {MessageId} of type {MessageType} cannot be read; it stays in the outbox until a version that can read it runs")]
    private static partial void Unreadable(ILogger logger, Exception exception, Guid messageId, string messageType);
}
