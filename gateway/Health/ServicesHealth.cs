using Microsoft.Extensions.Diagnostics.HealthChecks;
using Yarp.ReverseProxy;

namespace Platform.Gateway.Health;

/// <summary>
/// Whether the services behind the gateway are ready. One that is not makes the gateway degraded, not unready: its other paths work. The answer is kept for two seconds,
/// so that whoever asks the gateway often does not ask the services often.
/// </summary>
internal sealed class ServicesHealth(IProxyStateLookup proxy, IHttpClientFactory clients, TimeProvider clock) : IHealthCheck
{
    public const string ClientName = "services-health";

    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(2);
    private readonly Lock _lock = new();
    private Task<HealthCheckResult>? _last;
    private DateTimeOffset _askAgain;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (_last is null || (_last.IsCompleted && now >= _askAgain))
            {
                _askAgain = now + Kept;
                _last = AskAsync();
            }

            return _last.WaitAsync(cancellationToken);
        }
    }

    private async Task<HealthCheckResult> AskAsync()
    {
        var answers = await Task.WhenAll(proxy.GetClusters().Select(async cluster =>
            (Service: cluster.ClusterId, Ready: await IsReadyAsync(cluster.Destinations.Values.First().Model.Config.Address))));
        var missing = answers.Where(answer => !answer.Ready).Select(answer => answer.Service).Order(StringComparer.Ordinal).ToList();
        return missing.Count == 0 ? HealthCheckResult.Healthy() : HealthCheckResult.Degraded($"Not ready: {string.Join(", ", missing)}.");
    }

    private async Task<bool> IsReadyAsync(string address)
    {
        using var client = clients.CreateClient(ClientName);
        try
        {
            using var answer = await client.GetAsync(new Uri(new Uri(address), "/health/ready"));
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }
}
