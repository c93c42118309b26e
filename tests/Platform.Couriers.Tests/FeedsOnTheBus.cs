using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using MassTransit;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Contracts.Scheduler;

namespace Platform.Couriers.Tests;

/// <summary>Plays the feeds service on the real broker, and hears what the couriers service tells the others.</summary>
internal sealed class FeedsOnTheBus : IAsyncDisposable
{
    private readonly IBusControl _bus;

    private FeedsOnTheBus(string uri) => _bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
    {
        rabbit.Host(new Uri(uri));
        rabbit.ConfigureJsonSerializerOptions(options =>
        {
            options.Converters.Add(new JsonStringEnumConverter(System.Text.Json.JsonNamingPolicy.CamelCase));
            return options;
        });
        rabbit.ReceiveEndpoint("test-feeds", endpoint =>
        {
            endpoint.Handler<LoadFiles>(context => Task.FromResult(Loads[context.Message.LoadId] = context.Message));
            endpoint.Handler<CancelLoad>(context =>
            {
                Cancelled.Add(context.Message.LoadId);
                return Loads.TryGetValue(context.Message.LoadId, out var load) && !Deaf.ContainsKey(load.RunId) ? FailAsync(load, FailureCategory.Cancelled, "Cancelled on request.") : Task.CompletedTask;
            });
            endpoint.Handler<FileLanded>(context => Task.FromResult(Landed[context.Message.FileId] = context.Message));
            endpoint.Handler<RegisterSchedule>(context => Told(context.Message));
            endpoint.Handler<RemoveSchedule>(context => Told(context.Message));
            endpoint.Handler<ScheduledWorkEnded>(context => Told(context.Message));
            endpoint.Handler<CourierRunEnded>(context =>
            {
                Ended.Add(context.Message);
                return Task.CompletedTask;
            });
        });
    });

    public ConcurrentDictionary<string, LoadFiles> Loads { get; } = new();

    public ConcurrentBag<string> Cancelled { get; } = [];

    public ConcurrentDictionary<string, FileLanded> Landed { get; } = new();

    public ConcurrentBag<CourierRunEnded> Ended { get; } = [];

    /// <summary>What the scheduler was told.</summary>
    public ConcurrentQueue<object> Schedules { get; } = [];

    /// <summary>Runs whose loads do not hear a request to cancel.</summary>
    public ConcurrentDictionary<string, bool> Deaf { get; } = new();

    public static async Task<FeedsOnTheBus> StartAsync(string uri)
    {
        var feeds = new FeedsOnTheBus(uri);
        await feeds._bus.StartAsync();
        return feeds;
    }

    /// <summary>What the run asked to be loaded, in no order.</summary>
    public IReadOnlyList<LoadFiles> LoadsOf(string runId) => [.. Loads.Values.Where(load => load.RunId == runId)];

    public LoadFiles LoadOf(string runId, string feedId) => LoadsOf(runId).Single(load => load.FeedId == feedId);

    public Task SucceedAsync(LoadFiles load, RowCounts rows) => _bus.Publish(new FeedLoaded
    {
        LoadId = load.LoadId,
        RunId = load.RunId,
        FeedId = load.FeedId,
        DomainTable = $"Test:{load.FeedId}",
        Files = 1,
        Rows = rows,
        Strategy = "merge",
        CommittedAt = TimeProvider.System.GetUtcNow(),
    });

    public Task FailAsync(LoadFiles load, FailureCategory failure, string reason) => _bus.Publish(new FeedLoadFailed
    {
        LoadId = load.LoadId,
        RunId = load.RunId,
        FeedId = load.FeedId,
        Failure = failure,
        Reason = reason,
        Rows = new(),
    });

    public Task PublishAsync<T>(T message)
        where T : class => _bus.Publish(message);

    public async Task<TAnswer> RequestAsync<TRequest, TAnswer>(TRequest request)
        where TRequest : class
        where TAnswer : class =>
        (await _bus.CreateRequestClient<TRequest>().GetResponse<TAnswer>(request)).Message;

    private Task Told(object message)
    {
        Schedules.Enqueue(message);
        return Task.CompletedTask;
    }

    public async ValueTask DisposeAsync() => await _bus.StopAsync();
}
