using System.Collections.Concurrent;
using System.Text.Json.Serialization;
using MassTransit;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Contracts.Scheduler;

namespace Platform.Scheduler.Tests.Kit;

/// <summary>Plays the couriers service on the real broker, and hears what the scheduler tells everyone.</summary>
internal sealed class CouriersOnTheBus : IAsyncDisposable
{
    private readonly IBusControl _bus;

    private CouriersOnTheBus(string uri) => _bus = Bus.Factory.CreateUsingRabbitMq(rabbit =>
    {
        rabbit.Host(new Uri(uri));
        rabbit.ConfigureJsonSerializerOptions(options =>
        {
            options.Converters.Add(new JsonStringEnumConverter(System.Text.Json.JsonNamingPolicy.CamelCase));
            return options;
        });
        rabbit.ReceiveEndpoint("test-couriers", endpoint =>
        {
            endpoint.PrefetchCount = 64;
            endpoint.Handler<RunCourier>(async context =>
            {
                // A second delivery of one message is the broker's right. It is answered again, for the first answer may have been lost with the connection; the scheduler takes one end only.
                Runs.TryAdd(context.Message.RunId, context.Message);
                if (Answer?.Invoke(context.Message) is { } answer)
                {
                    await context.Publish(answer);
                }
            });
            endpoint.Handler<CancelCourierRun>(context => Told(Cancelled, context.Message));
            endpoint.Handler<GroupRunStateChanged>(context => Told(Changes, context.Message));
            endpoint.Handler<GroupRunEnded>(context => Told(Ended, context.Message));
            endpoint.Handler<GroupRunOverdue>(context => Told(Overdue, context.Message));
            endpoint.Handler<ScheduleDue>(context => Told(Due, context.Message));
            endpoint.Handler<ScheduleRefused>(context => Told(Refused, context.Message));
        });
    });

    /// <summary>What to answer a new run with at once; null leaves it running.</summary>
    public Func<RunCourier, CourierRunEnded?>? Answer { get; set; }

    public ConcurrentDictionary<string, RunCourier> Runs { get; } = new();

    public ConcurrentQueue<CancelCourierRun> Cancelled { get; } = [];

    public ConcurrentQueue<GroupRunStateChanged> Changes { get; } = [];

    public ConcurrentQueue<GroupRunEnded> Ended { get; } = [];

    public ConcurrentQueue<GroupRunOverdue> Overdue { get; } = [];

    public ConcurrentQueue<ScheduleDue> Due { get; } = [];

    public ConcurrentQueue<ScheduleRefused> Refused { get; } = [];

    public static async Task<CouriersOnTheBus> StartAsync(string uri)
    {
        var couriers = new CouriersOnTheBus(uri);
        await couriers._bus.StartAsync();
        return couriers;
    }

    /// <summary>The runs of a courier, oldest first.</summary>
    public IReadOnlyList<RunCourier> RunsOf(string courierId) =>
        [.. Runs.Values.Where(run => run.CourierId == courierId).OrderBy(run => run.RunId, StringComparer.Ordinal)];

    public static CourierRunEnded Success(RunCourier run) => End(run, RunState.Succeeded, "Completed in 5 minutes 12 seconds");

    public static CourierRunEnded Misses(RunCourier run, params string[] files) =>
        End(run, RunState.Failed, $"Missing: {string.Join(", ", files)}") with { Failure = FailureCategory.BadFile, MissingFiles = files };

    public static CourierRunEnded Failure(RunCourier run) => End(run, RunState.Failed, "users.csv: 3 columns, expected 4") with { Failure = FailureCategory.BadFile };

    public Task PublishAsync<T>(T message)
        where T : class => _bus.Publish(message);

    public async Task<TAnswer> RequestAsync<TRequest, TAnswer>(TRequest request)
        where TRequest : class
        where TAnswer : class =>
        (await _bus.CreateRequestClient<TRequest>().GetResponse<TAnswer>(request)).Message;

    public async ValueTask DisposeAsync() => await _bus.StopAsync();

    private static Task Told<T>(ConcurrentQueue<T> queue, T message)
    {
        queue.Enqueue(message);
        return Task.CompletedTask;
    }

    private static CourierRunEnded End(RunCourier run, RunState state, string message) => new()
    {
        RunId = run.RunId,
        CourierId = run.CourierId,
        State = state,
        Message = message,
        Files = 2,
        Rows = new RowCounts { Read = 100, Inserted = 100 },
        RequestedAt = TimeProvider.System.GetUtcNow(),
        EndedAt = TimeProvider.System.GetUtcNow(),
    };
}
