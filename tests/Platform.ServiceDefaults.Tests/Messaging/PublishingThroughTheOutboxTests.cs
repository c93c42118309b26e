using System.Diagnostics;
using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Npgsql;
using Platform.ServiceDefaults.Messaging;
using Platform.Testing;
using Xunit;

namespace Platform.ServiceDefaults.Tests.Messaging;

public sealed class PublishingThroughTheOutboxTests(RealServers servers)
{
    [Fact]
    public async Task A_message_is_delivered_when_its_transaction_commits_and_not_when_it_does_not()
    {
        await using var database = await servers.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(servers.SettingsOf("couriers", database), "outbox-commit", bus => bus.AddConsumer<FileLandedConsumer>());
        await service.InDatabaseAsync(async context =>
        {
            await using (var abandoned = await context.Database.BeginTransactionAsync())
            {
                context.Publish(Messages.Landed("commit: abandoned"), TimeProvider.System);
                await context.SaveChangesAsync();
            }

            context.ChangeTracker.Clear();
            await using var committed = await context.Database.BeginTransactionAsync();
            context.Publish(Messages.Landed("commit: committed"), TimeProvider.System);
            await context.SaveChangesAsync();
            await committed.CommitAsync();
            return 0;
        });

        var handled = await Until.Is(() => service.HandledAsync("commit:"), rows => rows.Count > 0);

        Assert.Equal(["commit: committed"], handled.Select(row => row.What));
        await Until.True(async () => await service.OutboxCountAsync() == 0);
    }

    [Fact]
    public async Task A_transaction_of_plain_SQL_publishes_too()
    {
        await using var database = await servers.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(servers.SettingsOf("couriers", database), "outbox-sql", bus => bus.AddConsumer<FileLandedConsumer>());
        await using (var connection = await service.Services.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await Outbox.PublishAsync(transaction, Messages.Landed("plain sql"), TimeProvider.System, CancellationToken.None);
            await transaction.CommitAsync();
            service.Services.GetRequiredService<OutboxSignal>().Wake();
        }

        await Until.True(async () => (await service.HandledAsync("plain sql")).Count == 1);
    }

    [Fact]
    public async Task The_consumer_works_in_the_trace_of_the_publisher()
    {
        await using var database = await servers.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(servers.SettingsOf("couriers", database), "outbox-trace", bus => bus.AddConsumer<FileLandedConsumer>());
        string trace;
        using (var activity = Telemetry.StartFrom("the operation", traceParent: null))
        {
            trace = activity!.TraceId.ToHexString();
            await service.PublishAsync(Messages.Landed("traced"));
        }

        var handled = await Until.Is(() => service.HandledAsync("traced"), rows => rows.Count == 1);

        Assert.Equal(trace, handled[0].TraceId);
        Assert.Null(Activity.Current);
    }

    [Fact]
    public async Task A_command_waits_for_its_queue_an_event_for_nobody_and_a_later_message_for_neither()
    {
        await using var database = await servers.CreateDatabaseAsync();
        await using var receivers = await servers.CreateDatabaseAsync();
        await using var broker = await RealServers.CreateBrokerAsync();
        using var log = new LogLines();
        await using var sender = await TestService.StartAsync(servers.SettingsOf("couriers", database, broker.Uri), "outbox-early", bus => bus.AddConsumer<FileLandedConsumer>(), log: log);
        await sender.PublishAsync(Messages.Load("early"));
        await sender.PublishAsync(Messages.Loaded("nobody listens"));
        await sender.PublishAsync(Messages.Landed("later"));
        await Until.True(async () => (await sender.HandledAsync("later")).Count == 1);
        await Until.True(() => log.Has(LogLevel.Warning, "No queue takes Platform.Contracts.Feeds.LoadFiles yet"));
        await Until.True(async () => await sender.OutboxCountAsync() == 1);

        await using var receiver = await TestService.StartAsync(servers.SettingsOf("feeds", receivers, broker.Uri), "outbox-late", bus =>
        {
            bus.AddSingleton<FirstAttempts>();
            bus.AddConsumer<LoadFilesConsumer>();
        });

        await Until.True(async () => (await receiver.HandledAsync("early")).Count == 1);
        await Until.True(async () => await sender.OutboxCountAsync() == 0);
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_stays_is_reported_and_holds_up_nobody()
    {
        await using var database = await servers.CreateDatabaseAsync();
        using var log = new LogLines();
        await using var service = await TestService.StartAsync(servers.SettingsOf("couriers", database), "outbox-unreadable", bus => bus.AddConsumer<FileLandedConsumer>(), log: log);
        await service.InDatabaseAsync(async context =>
        {
            context.Add(new OutboxMessage { Id = Guid.CreateVersion7(), MessageType = "Platform.Contracts.Feeds.OfTomorrow", Body = "{}", CreatedAt = DateTimeOffset.UnixEpoch });
            context.Add(new OutboxMessage { Id = Guid.CreateVersion7(), MessageType = "Platform.Contracts.Feeds.FeedLoaded", Body = "{", CreatedAt = DateTimeOffset.UnixEpoch });
            return await context.SaveChangesAsync();
        });
        await service.PublishAsync(Messages.Landed("behind"));

        await Until.True(async () => (await service.HandledAsync("behind")).Count == 1);
        await Until.True(async () => await service.OutboxCountAsync() == 2);
        Assert.True(log.Has(LogLevel.Error, "OfTomorrow cannot be read"));
    }

    [Fact]
    public async Task Two_instances_deliver_every_message_and_none_twice()
    {
        await using var database = await servers.CreateDatabaseAsync();
        await using var one = await TestService.StartAsync(servers.SettingsOf("couriers", database), "outbox-two", bus => bus.AddConsumer<FileLandedConsumer>());
        await using var two = await TestService.StartAsync(servers.SettingsOf("couriers", database), "outbox-two", bus => bus.AddConsumer<FileLandedConsumer>());
        var expected = Enumerable.Range(0, 300).Select(i => $"many {i:000}").ToList();
        await one.InDatabaseAsync(async context =>
        {
            foreach (var id in expected)
            {
                context.Publish(Messages.Landed(id), TimeProvider.System);
            }

            return await context.SaveChangesAsync();
        });

        await Until.True(async () => (await one.HandledAsync("many")).Count >= expected.Count && await one.OutboxCountAsync() == 0);

        Assert.Equal(expected, (await one.HandledAsync("many")).Select(row => row.What).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Only_contracts_travel() =>
        Assert.Contains("only types of Platform.Contracts", Assert.Throws<ArgumentException>(() => OutboxMessage.From("text", DateTimeOffset.UnixEpoch)).Message);
}
