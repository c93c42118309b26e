using System.Text.Json.Serialization;
using MassTransit;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Platform.ServiceDefaults.Messaging;

/// <summary>The bus: MassTransit on RabbitMQ with quorum queues, our outbox on the sending side and inbox on the receiving side, one retry policy, one naming rule.</summary>
public static class Messaging
{
    private const int DeliveryLimit = 20;

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
        builder.Services.AddMassTransit(bus =>
        {
            bus.DisableUsageTelemetry();
            var service = builder.Services.Select(descriptor => descriptor.ImplementationInstance).OfType<ServiceIdentity>().Single();
            bus.SetEndpointNameFormatter(new KebabCaseEndpointNameFormatter(service.Name, includeNamespace: false));
            consumers?.Invoke(bus);
            bus.AddConfigureEndpointsCallback((_, _, endpoint) =>
            {
                if (endpoint is IRabbitMqReceiveEndpointConfigurator queue)
                {
                    queue.SetQuorumQueue();
                    queue.SetQueueArgument("x-delivery-limit", DeliveryLimit);
                    queue.PrefetchCount = 16;
                }

                // The one retry layer of message handling; what still fails goes to the queue {name}_error with its exception.
                endpoint.UseMessageRetry(retry => retry.Exponential(8, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(15), TimeSpan.FromMilliseconds(250)));
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
}
