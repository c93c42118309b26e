using MassTransit;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.ServiceDefaults.Messaging;

/// <summary>
/// A service is ready once its queues have been declared and its consumers run. A broker that goes away later degrades it, no more: requests are still answered, and
/// messages wait in the outbox.
/// </summary>
internal sealed class BusReadiness(IBusControl bus) : IHealthCheck
{
    private volatile bool _connectedOnce;

    /// <summary>
    /// False until this service's own queues are declared, so that it cannot publish past itself, and while the broker is away, so that no transaction waits for it.
    /// </summary>
    public bool MayPublish() => Status() is var status && (status is BusHealthStatus.Healthy || (_connectedOnce && status is BusHealthStatus.Degraded));

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken) => Task.FromResult(
        Status() is BusHealthStatus.Healthy ? HealthCheckResult.Healthy()
        : _connectedOnce ? HealthCheckResult.Degraded("The broker does not answer; messages wait in the outbox.")
        : HealthCheckResult.Unhealthy("The broker has not answered yet."));

    private BusHealthStatus Status()
    {
        var status = bus.CheckHealth().Status;
        _connectedOnce |= status is BusHealthStatus.Healthy;
        return status;
    }
}
