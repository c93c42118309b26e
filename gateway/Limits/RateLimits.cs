using System.Globalization;
using System.Threading.RateLimiting;
using Platform.Gateway.Access;

namespace Platform.Gateway.Limits;

/// <summary>How much one caller may ask of this instance of the gateway. Section <c>Limits</c>.</summary>
internal sealed class RateLimitOptions
{
    /// <summary>Per API key and minute.</summary>
    public int RequestsPerMinute { get; set; } = 6000;

    /// <summary>Per address and minute, for callers without a valid key.</summary>
    public int AnonymousRequestsPerMinute { get; set; } = 300;
}

internal static class RateLimits
{
    public static void AddRateLimits(this WebApplicationBuilder builder)
    {
        var limits = builder.Configuration.GetSection("Limits").Get<RateLimitOptions>() ?? new();
        if (limits.RequestsPerMinute < 1 || limits.AnonymousRequestsPerMinute < 1)
        {
            throw new InvalidOperationException("The settings Limits:RequestsPerMinute and Limits:AnonymousRequestsPerMinute must be at least 1.");
        }

        builder.Services.AddRateLimiter(options =>
        {
            options.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            options.GlobalLimiter = PartitionedRateLimiter.Create<HttpContext, string>(context => context.User.FindFirst(ApiKeyAuthentication.KeyIdClaim) is { } key
                ? Window($"key {key.Value}", limits.RequestsPerMinute)
                : Window($"address {context.Connection.RemoteIpAddress}", limits.AnonymousRequestsPerMinute));
            options.OnRejected = (rejected, _) =>
            {
                var wait = rejected.Lease.TryGetMetadata(MetadataName.RetryAfter, out var time) ? time : TimeSpan.FromMinutes(1);
                rejected.HttpContext.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
                return ValueTask.CompletedTask;
            };
        });
    }

    private static RateLimitPartition<string> Window(string who, int permits) => RateLimitPartition.GetFixedWindowLimiter(
        who, _ => new FixedWindowRateLimiterOptions { PermitLimit = permits, Window = TimeSpan.FromMinutes(1), QueueLimit = 0 });
}
