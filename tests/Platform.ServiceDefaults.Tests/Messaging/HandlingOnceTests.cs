using MassTransit;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Platform.ServiceDefaults.Messaging;
using Platform.Testing;
using Xunit;

namespace Platform.ServiceDefaults.Tests.Messaging;

public sealed class HandlingOnceTests(RealServers servers)
{
    [Fact]
    public async Task A_second_delivery_of_a_message_changes_nothing()
    {
        await using var database = await servers.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(servers.SettingsOf("couriers", database), "inbox-twice", bus => bus.AddConsumer<FileLandedConsumer>());
        var id = Guid.CreateVersion7();
        var received = new ReceivedCount(id);
        var bus = service.Services.GetRequiredService<IBusControl>();
        using var observing = bus.ConnectReceiveObserver(received);
        for (var i = 0; i < 3; i++)
        {
            await bus.Publish(Messages.Landed("twice"), context => context.MessageId = id);
        }

        await Until.True(() => received.Count == 3);

        Assert.Single(await service.HandledAsync("twice"));
    }

    [Fact]
    public async Task A_failed_attempt_leaves_no_trace_and_the_next_one_handles_the_message()
    {
        await using var database = await servers.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(servers.SettingsOf("feeds", database), "inbox-retry", bus =>
        {
            bus.AddSingleton<FirstAttempts>();
            bus.AddConsumer<LoadFilesConsumer>();
        });
        await service.PublishAsync(Messages.Load("retried"));

        await Until.True(async () => (await service.HandledAsync("retried")).Count > 0);
        await Until.True(async () => await service.OutboxCountAsync() == 0);

        Assert.Single(await service.HandledAsync("retried"));
        Assert.Equal(1, await service.InDatabaseAsync(context => context.Set<InboxMessage>().CountAsync(row => row.Consumer == nameof(LoadFilesConsumer))));
    }

    private sealed class ReceivedCount(Guid id) : IReceiveObserver
    {
        private int _count;

        public int Count => Volatile.Read(ref _count);

        public Task PostReceive(ReceiveContext context)
        {
            if (context.GetMessageId() == id)
            {
                Interlocked.Increment(ref _count);
            }

            return Task.CompletedTask;
        }

        public Task PreReceive(ReceiveContext context) => Task.CompletedTask;

        public Task PostConsume<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType)
            where T : class => Task.CompletedTask;

        public Task ConsumeFault<T>(ConsumeContext<T> context, TimeSpan duration, string consumerType, Exception exception)
            where T : class => Task.CompletedTask;

        public Task ReceiveFault(ReceiveContext context, Exception exception) => Task.CompletedTask;
    }
}
