using System.Collections.Concurrent;
using Xunit;

namespace Platform.Testing.Servers;

/// <summary>
/// Fixture: a virtual host of its own on a real RabbitMQ, that of the environment variables <c>PLATFORM_TEST_RABBITMQ</c> (an AMQP URI with <c>{vhost}</c> in it) and
/// <c>PLATFORM_TEST_RABBITMQ_FOLDER</c> (the server's folder), both set by tests/run, or one started for this process.
/// </summary>
public sealed class RabbitServer : IAsyncLifetime
{
    private const int BatchSize = 4;

    private static readonly Lazy<Task<Broker>> Shared = new(FindAsync);
    private static readonly SemaphoreSlim Making = new(1, 1);
    private static readonly ConcurrentQueue<string> Made = new();

    /// <summary>Setting <c>RabbitMq:Uri</c> for services under test.</summary>
    public string Uri { get; private set; } = "";

    /// <summary>Name of the virtual host.</summary>
    public string VirtualHost { get; private set; } = "";

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        var broker = await Shared.Value;
        VirtualHost = await TakeVirtualHostAsync(broker);
        Uri = broker.UriTemplate.Replace("{vhost}", VirtualHost, StringComparison.Ordinal);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (VirtualHost.Length > 0)
        {
            await HeldServer.RunScriptAsync("rabbitmq", "vhosts", (await Shared.Value).Folder, "delete", VirtualHost);
        }
    }

    // Making several costs hardly more than making one: almost all of the time is the start of rabbitmqctl.
    private static async Task<string> TakeVirtualHostAsync(Broker broker)
    {
        await Making.WaitAsync();
        try
        {
            if (Made.TryDequeue(out var made))
            {
                return made;
            }

            var names = Enumerable.Range(0, BatchSize).Select(i => $"test-{Guid.CreateVersion7():n}-{i}").ToArray();
            await HeldServer.RunScriptAsync("rabbitmq", ["vhosts", broker.Folder, "add", .. names]);
            foreach (var name in names[1..])
            {
                Made.Enqueue(name);
            }

            return names[0];
        }
        finally
        {
            Making.Release();
        }
    }

    private static async Task<Broker> FindAsync()
    {
        if (Environment.GetEnvironmentVariable("PLATFORM_TEST_RABBITMQ") is { Length: > 0 } provided)
        {
            return new(provided, Environment.GetEnvironmentVariable("PLATFORM_TEST_RABBITMQ_FOLDER")
                ?? throw new InvalidOperationException("PLATFORM_TEST_RABBITMQ is set and PLATFORM_TEST_RABBITMQ_FOLDER is not: the folder deploy/servers/rabbitmq.sh was started with."));
        }

        var ports = FreePorts.Take(3);
        var server = await HeldServer.StartAsync("rabbitmq", ports[0], ports[1], ports[2]);
        var password = await File.ReadAllTextAsync(Path.Combine(server.Folder, "password"));
        return new($"amqp://platform:{password}@127.0.0.1:{ports[0]}/{{vhost}}", server.Folder);
    }

    private sealed record Broker(string UriTemplate, string Folder);
}
