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

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        if (bus.CheckHealth().Status == BusHealthStatus.Healthy)
        {
            _connectedOnce = true;
            return Task.FromResult(HealthCheckResult.Healthy());
        }

        return Task.FromResult(_connectedOnce
            ? HealthCheckResult.Degraded("The broker does not answer; messages wait in the outbox.")
            : HealthCheckResult.Unhealthy("The broker has not answered yet."));
    }
}
