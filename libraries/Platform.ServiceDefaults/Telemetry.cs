using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration.Memory;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Platform.ServiceDefaults;

/// <summary>Structured logs to standard output; traces and metrics over OTLP when <c>OTEL_EXPORTER_OTLP_ENDPOINT</c> is set, else none (G3).</summary>
public static class Telemetry
{
    /// <summary>The platform's own spans: outbox deliveries, workers' steps. Start them with the stored <c>traceparent</c> as parent, so that one trace runs from the API call to the commit.</summary>
    public static ActivitySource Source { get; } = new("Platform");

    // Below every other source of settings. What EF reports as errors is thrown as well, and logged there by whoever does not expect it.
    private static readonly Dictionary<string, string?> DefaultLevels = new()
    {
        ["Logging:LogLevel:Default"] = "Information",
        ["Logging:LogLevel:Microsoft"] = "Warning",
        ["Logging:LogLevel:Microsoft.Hosting.Lifetime"] = "Information",
        ["Logging:LogLevel:Microsoft.EntityFrameworkCore.Database.Command"] = "Critical",
        ["Logging:LogLevel:Microsoft.EntityFrameworkCore.Database.Connection"] = "Critical",
        ["Logging:LogLevel:Microsoft.EntityFrameworkCore.Query"] = "Critical",
        ["Logging:LogLevel:Microsoft.EntityFrameworkCore.Update"] = "Critical",
        ["Logging:LogLevel:System.Net.Http"] = "Warning",
        ["Logging:LogLevel:MassTransit"] = "Warning",
        ["Logging:LogLevel:Npgsql"] = "Warning",
        ["Logging:LogLevel:Yarp"] = "Warning",
    };

    /// <summary>The platform's own counters.</summary>
    public static Meter Meter { get; } = new("Platform");

    /// <summary>Starts a span below a stored <c>traceparent</c>; a new trace when there is none.</summary>
    public static Activity? StartFrom(string name, string? traceParent, ActivityKind kind = ActivityKind.Internal) =>
        ActivityContext.TryParse(traceParent, null, isRemote: true, out var parent)
            ? Source.StartActivity(name, kind, parent)
            : Source.StartActivity(name, kind);

    /// <summary>Names the span of a request by its route, which the framework leaves out; comes before whatever answers requests.</summary>
    public static void UseRequestNames(this WebApplication app) => app.Use((context, next) =>
    {
        if (context.GetEndpoint() is RouteEndpoint { RoutePattern.RawText: { } route } && context.Features.Get<IHttpActivityFeature>()?.Activity is { } activity)
        {
            activity.DisplayName = $"{context.Request.Method} {route}";
            activity.SetTag("http.route", route);
        }

        return next(context);
    });

    /// <summary>Nothing below it is traced until it is disposed: for polls, which would fill the traces with nothing.</summary>
    public static IDisposable Quietly() => SuppressInstrumentationScope.Begin();

    internal static void AddTelemetry(this WebApplicationBuilder builder, ServiceIdentity identity)
    {
        // Without a listener no span would exist, and log lines and stored traceparents would lack their trace id.
        ActivitySource.AddActivityListener(new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Platform" or "MassTransit" or "Microsoft.AspNetCore",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.PropagationData,
        });

        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = DefaultLevels });
        builder.Logging.ClearProviders();
        builder.Logging.AddJsonConsole(options =>
        {
            options.IncludeScopes = true;
            options.UseUtcTimestamp = true;
            options.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ";
        });
        builder.Logging.AddConsole(options => options.FormatterName = CleanConsole.FormatterName).AddConsoleFormatter<CleanConsole, JsonConsoleFormatterOptions>();
        builder.Logging.Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);

        if (string.IsNullOrEmpty(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            return;
        }

        // OpenTelemetry's hosting package is not on the feed: the providers are built here and live as long as the host.
        builder.Services.AddSingleton(new Exporters(identity));
        builder.Services.AddHostedService(services => services.GetRequiredService<Exporters>());
    }

    private sealed class Exporters : IHostedService
    {
        private readonly TracerProvider _traces;
        private readonly MeterProvider _metrics;

        public Exporters(ServiceIdentity identity)
        {
            var resource = ResourceBuilder.CreateDefault().AddService(identity.Name, "platform");
            _traces = Sdk.CreateTracerProviderBuilder()
                .SetResourceBuilder(resource)
                .AddSource("Platform", "Microsoft.AspNetCore", "System.Net.Http", "Npgsql", "MassTransit")
                .AddProcessor(new LinkTokens.Cleaner())
                .AddOtlpExporter()
                .Build();
            _metrics = Sdk.CreateMeterProviderBuilder()
                .SetResourceBuilder(resource)
                .AddMeter("Platform", "Microsoft.AspNetCore.Hosting", "Npgsql", "System.Runtime", "MassTransit")
                .AddOtlpExporter()
                .Build();
        }

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken)
        {
            _traces.Dispose();
            _metrics.Dispose();
            return Task.CompletedTask;
        }
    }
}
