using System.Net;
using Platform.Testing;
using RabbitMQ.Client;
using Xunit;

namespace Platform.ServiceDefaults.Tests.Messaging;

public sealed class BrokerTests(RealServers servers)
{
    [Fact]
    public async Task Queues_are_quorum_queues_and_set_a_message_aside_that_was_delivered_too_often()
    {
        await using var database = await servers.CreateDatabaseAsync();
        await using (await StartWithConsumerAsync(database, "broker-queues"))
        {
        }

        await using var connection = await new ConnectionFactory { Uri = new(servers.RabbitUri) }.CreateConnectionAsync();
        await using var channel = await connection.CreateChannelAsync();
        const string Queue = "broker-queues-file-landed";
        await channel.QueueDeclareAsync(Queue, durable: true, exclusive: false, autoDelete: false, arguments: new Dictionary<string, object?>
        {
            ["x-queue-type"] = "quorum",
            ["x-delivery-limit"] = 20,
            ["x-dead-letter-exchange"] = $"{Queue}_dead",
        });
        await channel.BasicPublishAsync("", Queue, "poison"u8.ToArray());
        var deliveries = 0;
        await Until.True(async () =>
        {
            if (await channel.BasicGetAsync(Queue, autoAck: false) is { } delivery)
            {
                // Other tests publish the same event, and the queue takes it too.
                if (!delivery.Body.Span.SequenceEqual("poison"u8))
                {
                    await channel.BasicAckAsync(delivery.DeliveryTag, multiple: false);
                    return false;
                }

                deliveries++;
                await channel.BasicNackAsync(delivery.DeliveryTag, multiple: false, requeue: true);
            }

            return await channel.MessageCountAsync($"{Queue}_dead") == 1;
        });

        Assert.Equal(21, deliveries);
    }

    [Fact]
    public async Task A_broker_that_is_absent_at_the_start_and_goes_away_later_loses_nothing()
    {
        var uri = new UriBuilder(servers.RabbitUri);
        var port = FreePorts.Take(1)[0];
        await using var relay = new TcpRelay(port, uri.Host, uri.Port);
        uri.Port = port;
        await using var database = await servers.CreateDatabaseAsync();
        await using var service = await StartWithConsumerAsync(database, "broker-absent", uri.Uri.AbsoluteUri);
        using var client = service.Anonymous();
        await service.PublishAsync(Messages.Landed("before it came"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/health/live"));
        Assert.Equal(HttpStatusCode.ServiceUnavailable, await StatusAsync(client, "/health/ready"));
        Assert.Contains("\"broker\":{\"status\":\"unhealthy\"", await BodyAsync(client, "/health/ready"), StringComparison.Ordinal);

        relay.Open();
        await Until.True(async () => (await service.HandledAsync("before it came")).Count == 1, TimeSpan.FromSeconds(60));
        await Until.True(async () => await StatusAsync(client, "/health/ready") == HttpStatusCode.OK);

        await relay.CloseAsync();
        await Until.True(async () => (await BodyAsync(client, "/health/ready")).Contains("\"broker\":{\"status\":\"degraded\"", StringComparison.Ordinal));
        await service.PublishAsync(Messages.Landed("while it was away"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(client, "/health/ready"));

        relay.Open();
        await Until.True(async () => (await service.HandledAsync("while it was away")).Count == 1, TimeSpan.FromSeconds(90));
    }

    private Task<TestService> StartWithConsumerAsync(Platform.Testing.Servers.PostgresDatabase database, string name, string? rabbitUri = null) =>
        TestService.StartAsync(servers.SettingsOf("couriers", database, rabbitUri), name, bus => bus.AddConsumer<FileLandedConsumer>(), whenReady: rabbitUri is null);

    private static async Task<HttpStatusCode> StatusAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return answer.StatusCode;
    }

    private static async Task<string> BodyAsync(HttpClient client, string path)
    {
        using var answer = await client.GetAsync(path);
        return await answer.Content.ReadAsStringAsync();
    }
}
