using Microsoft.Net.Http.Headers;
using Platform.Gateway.Access;
using Platform.Gateway.Idempotency;

namespace Platform.Gateway.Forwarding;

/// <summary>Which other sites' pages may call the API from a browser: none, unless <c>Cors:Origins</c> lists them, each exactly. Keys travel in headers; cookies are never allowed.</summary>
internal static class BrowserOrigins
{
    public static void AddBrowserOrigins(this WebApplicationBuilder builder)
    {
        var origins = OriginsOf(builder.Configuration);
        if (origins.Find(origin => !IsOrigin(origin)) is { } wrong)
        {
            throw new InvalidOperationException($"Cors:Origins holds '{wrong}', expected an origin such as https://console.example.com: scheme and host alone, https (http only on this machine), no wildcard.");
        }

        builder.Services.AddCors(cors => cors.AddDefaultPolicy(policy => policy
            .WithOrigins([.. origins])
            .WithMethods("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
            .WithHeaders(HeaderNames.Authorization, ApiKeyAuthentication.HeaderName, HeaderNames.ContentType, HeaderNames.IfMatch, HeaderNames.IfNoneMatch, IdempotencyKeys.HeaderName, "traceparent")
            .WithExposedHeaders(HeaderNames.ETag, HeaderNames.Location, HeaderNames.RetryAfter, IdempotencyKeys.ReplayedHeaderName)
            .SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
    }

    public static void UseBrowserOrigins(this WebApplication app)
    {
        if (OriginsOf(app.Configuration).Count > 0)
        {
            app.UseCors();
        }
    }

    private static List<string> OriginsOf(IConfiguration configuration) => configuration.GetSection("Cors:Origins").Get<List<string>>() ?? [];

    private static bool IsOrigin(string text) => Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.GetLeftPart(UriPartial.Authority) == text
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && uri.IsLoopback)) && !text.Contains('*', StringComparison.Ordinal);
}
