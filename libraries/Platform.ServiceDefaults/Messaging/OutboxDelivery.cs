using System.Diagnostics;
using MassTransit;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Platform.ServiceDefaults.Messaging;

/// <summary>
/// Hands committed messages to the broker: claim rows that nobody else holds, publish with the broker's confirmation, delete, commit. A crash in between publishes a
/// message again under the same id, which the receivers' inbox drops. Never "id greater than the last seen": transactions commit out of order.
/// </summary>
internal sealed partial class OutboxDelivery(NpgsqlDataSource database, IBus bus, OutboxSignal signal, TimeProvider clock, ILogger<OutboxDelivery> logger) : BackgroundService
{
    private const int BatchSize = 100;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan InboxKept = TimeSpan.FromDays(14);
    private DateTimeOffset _nextSweep;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await DeliverBatchAsync(stoppingToken) == BatchSize)
                {
                }

                await SweepInboxAsync(stoppingToken);
                failures = 0;
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
            }

            await WaitAsync(failures, stoppingToken);
        }
    }

    private Task WaitAsync(int failures, CancellationToken stoppingToken) => failures == 0
        ? signal.WaitAsync(Poll, stoppingToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default)
        : Task.Delay(TimeSpan.FromSeconds(Math.Min(failures, 10)), clock, stoppingToken).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    internal async Task<int> DeliverBatchAsync(CancellationToken cancellationToken)
    {
        await using var connection = await OpenQuietlyAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var messages = await ClaimAsync(connection, transaction, cancellationToken);
        if (messages.Count == 0)
        {
            return 0;
        }

        foreach (var message in messages)
        {
            using var activity = Telemetry.StartFrom("outbox deliver", message.TraceParent, ActivityKind.Producer);
            var contract = message.Read();
            await bus.Publish(contract, contract.GetType(), context => context.MessageId = message.Id, cancellationToken);
        }

        await using var delete = new NpgsqlCommand("delete from outbox_messages where id = any($1)", connection, transaction)
        {
            Parameters = { new() { Value = messages.Select(message => message.Id).ToArray() } },
        };
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return messages.Count;
    }

    private static async Task<List<OutboxMessage>> ClaimAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellationToken)
    {
        await using var claim = new NpgsqlCommand(
            "select id, message_type, body, trace_parent, created_at from outbox_messages order by id limit $1 for update skip locked", connection, transaction)
        {
            Parameters = { new() { Value = BatchSize } },
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

    // A poll every second must not fill the traces.
    private async Task<NpgsqlConnection> OpenQuietlyAsync(CancellationToken cancellationToken)
    {
        Activity.Current = null;
        return await database.OpenConnectionAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 110, Level = LogLevel.Warning, Message = "Messages cannot be handed to the broker at present (failure {Failures} in a row); they wait in the outbox")]
    private static partial void DeliveryFailed(ILogger logger, Exception exception, int failures);
}
