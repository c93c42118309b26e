using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics.HealthChecks;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.ServiceDefaults;

/// <summary><c>/health/live</c>: the process answers. <c>/health/ready</c>: it can do its work; the answer names each check, never an address or an exception.</summary>
public static class Health
{
    /// <summary>Maps both, open to anyone who reaches the port.</summary>
    public static void MapHealth(this WebApplication app)
    {
        app.MapHealthChecks("/health/live", new HealthCheckOptions { Predicate = _ => false, ResponseWriter = WriteAsync }).AllowAnonymous();
        app.MapHealthChecks("/health/ready", new HealthCheckOptions { ResponseWriter = WriteAsync }).AllowAnonymous();
    }

    private static Task WriteAsync(HttpContext context, HealthReport report) => context.Response.WriteAsJsonAsync(
        new State(report.Status, report.Entries.ToDictionary(entry => entry.Key, entry => new Check(entry.Value.Status, entry.Value.Description))), context.RequestAborted);

    private sealed record State(HealthStatus Status, IReadOnlyDictionary<string, Check> Checks);

    private sealed record Check(HealthStatus Status, string? Description);
}
