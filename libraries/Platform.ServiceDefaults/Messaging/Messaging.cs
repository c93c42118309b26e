using System.Text.Json.Serialization;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Platform.ServiceDefaults.Messaging;

/// <summary>The bus: MassTransit on RabbitMQ with quorum queues, our outbox on the sending side and inbox on the receiving side, one retry policy, one naming rule.</summary>
public static class Messaging
{
    private const int DeliveryLimit = 20;

    // Part of the queue's name. Such queues end with their connection, which quorum queues cannot.
    private const string EveryInstance = "-instance-";

    // Per queue and process. Handling holds a database connection, of which a service has about ten.
    private const int ConcurrentMessages = 4;

    /// <summary>
    /// Adds the bus. <paramref name="consumers"/> lists the service's consumers one by one; each gets the queue <c>{service}-{consumer}</c>.
    /// The broker's address is the setting <c>RabbitMq:Uri</c>, for example <c>amqp://user:password@127.0.0.1:5672/platform</c>.
    /// </summary>
    public static WebApplicationBuilder AddPlatformMessaging<TContext>(this WebApplicationBuilder builder, Action<IBusRegistrationConfigurator>? consumers = null)
        where TContext : DbContext
    {
        builder.Services.AddSingleton<OutboxSignal>();
        builder.Services.AddSingleton<WakeAfterCommit>();
        builder.Services.ConfigureDbContext<TContext>((services, options) => options.AddInterceptors(services.GetRequiredService<WakeAfterCommit>()));
        builder.Services.AddHostedService<OutboxDelivery>();
        builder.Services.Configure<MassTransitHostOptions>(options => options.StopTimeout = TimeSpan.FromSeconds(8));
        builder.Services.AddHealthChecks().AddCheck<BusReadiness>("broker");
        builder.Services.AddSingleton<BusReadiness>();
        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            bus.ConfigureHealthCheckOptions(options => options.MinimalFailureStatus = HealthStatus.Degraded);
            var service = builder.Services.Select(descriptor => descriptor.ImplementationInstance).OfType<ServiceIdentity>().Single();
            bus.SetEndpointNameFormatter(new KebabCaseEndpointNameFormatter(service.Name, includeNamespace: false));
            consumers?.Invoke(bus);
            bus.AddConfigureEndpointsCallback((_, name, endpoint) =>
            {
                if (endpoint is IRabbitMqReceiveEndpointConfigurator queue && !name.Contains(EveryInstance, StringComparison.Ordinal))
                {
                    queue.SetQuorumQueue();
                    queue.SetQueueArgument("x-delivery-limit", DeliveryLimit);

                    // A message whose handling killed the process that often is set aside; without this the broker would drop it.
                    queue.BindDeadLetterQueue($"{name}_dead", $"{name}_dead", dead => dead.SetQuorumQueue());
                    queue.PrefetchCount = 16;
                    queue.ConcurrentMessageLimit = ConcurrentMessages;
                }

                // The one retry layer of message handling. An absent database is waited for: the broker takes the message back after 30 minutes and delivers it again.
                // What still fails goes to the queue {name}_error with its exception.
                endpoint.UseMessageRetry(retry =>
                {
                    retry.Handle<Exception>(IsDatabaseAbsent);
                    retry.Exponential(200, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(250));
                });
                endpoint.UseMessageRetry(retry =>
                {
                    retry.Ignore<Exception>(IsDatabaseAbsent);
                    retry.Exponential(8, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(250));
                });
            });
            bus.UsingRabbitMq((context, rabbit) =>
            {
                var uri = context.GetRequiredService<IConfiguration>()["RabbitMq:Uri"]
                    ?? throw new InvalidOperationException("The setting RabbitMq:Uri is missing, for example amqp://user:password@127.0.0.1:5672/platform.");
                rabbit.Host(new Uri(uri));
                rabbit.ConfigureJsonSerializerOptions(options =>
                {
                    options.Converters.Add(new JsonStringEnumConverter(System.Text.Json.JsonNamingPolicy.CamelCase));
                    return options;
                });
                rabbit.ConfigureEndpoints(context);
            });
        });
        return builder;
    }

    /// <summary>
    /// Adds a consumer that every instance of the service has for itself, for what instances remember: its queue is gone with the instance, and what is published meanwhile it never sees. It writes no
    /// rows and is not an <see cref="InboxConsumer{TMessage, TContext}"/>.
    /// </summary>
    public static void AddConsumerOfEveryInstance<TConsumer>(this IBusRegistrationConfigurator bus)
        where TConsumer : class, IConsumer => bus.AddConsumer<TConsumer>().Endpoint(endpoint =>
        {
            endpoint.Temporary = true;
            endpoint.InstanceId = $"{EveryInstance}{Guid.CreateVersion7():n}";
        });

    private static bool IsDatabaseAbsent(Exception? e) => e is not null && (e is NpgsqlException { IsTransient: true } || IsDatabaseAbsent(e.InnerException));
}
