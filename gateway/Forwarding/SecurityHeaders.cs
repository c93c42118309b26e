namespace Platform.Gateway.Forwarding;

/// <summary>Headers that tell browsers to do nothing but show the answer.</summary>
internal static class SecurityHeaders
{
    private const string ForAnswers = "default-src 'none'; frame-ancestors 'none'";

    // Swagger UI brings its own script and style files, sets styles on elements, and shows its icons as data.
    private const string ForSwaggerUi =
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'self'; form-action 'none'; frame-ancestors 'none'";

    public static void UseSecurityHeaders(this WebApplication app) => app.Use((context, next) =>
    {
        context.Response.OnStarting(() =>
        {
            var headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers.XFrameOptions = "DENY";
            headers["Referrer-Policy"] = "no-referrer";
            if (headers.ContentSecurityPolicy.Count == 0)
            {
                // A service that answers with a page sends the policy of that page.
                headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/swagger") ? ForSwaggerUi : ForAnswers;
            }

            if (headers.CacheControl.Count == 0)
            {
                headers.CacheControl = "no-store";
            }

            if (context.Request.IsHttps)
            {
                headers.StrictTransportSecurity = "max-age=31536000; includeSubDomains";
            }

            return Task.CompletedTask;
        });
        return next(context);
    });
}
