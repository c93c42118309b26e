using System.Text;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.Options;
using Platform.Credentials.Kinds;
using Platform.Credentials.SecretRequests;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>The page behind a link (C4), for people without a key: the gateway forwards exactly this path for anyone.</summary>
internal static class SecretPageEndpoints
{
    private const string Limit = "secret-links";
    private const int MaxBody = 512 * 1024;
    private const int MaxFields = 64;

    public static void AddSecretPages(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<SecretRequestOptions>().BindConfiguration("SecretRequests").ValidateDataAnnotations().ValidateOnStart();
        builder.Services.AddScoped<SecretReceiver>();
        builder.Services.AddRateLimiter(limits =>
        {
            limits.RejectionStatusCode = StatusCodes.Status429TooManyRequests;
            limits.OnRejected = (rejected, _) =>
            {
                rejected.HttpContext.Response.Headers.RetryAfter = "60";
                return ValueTask.CompletedTask;
            };

            // Everything comes through the gateway, which says whom it forwards for.
            limits.AddPolicy(Limit, context => RateLimitPartition.GetFixedWindowLimiter(
                context.Request.Headers["X-Forwarded-For"].ToString(),
                _ => new()
                {
                    PermitLimit = context.RequestServices.GetRequiredService<IOptions<SecretRequestOptions>>().Value.CallsPerMinute,
                    Window = TimeSpan.FromMinutes(1),
                }));
        });
    }

    public static void MapSecretPages(this WebApplication app)
    {
        app.UseRateLimiter();
        var page = app.MapGroup("/secret-requests/{token}").WithTags("secret-requests").RequireAuthorization(Roles.Anonymous).RequireRateLimiting(Limit).ProducesProblem(404).ProducesProblem(429);
        page.MapGet("/", ShowAsync).WithName("ShowSecretRequest").WithSummary("The page on which the receiver of a link enters the secret. Expired, used and unknown links all answer 404 alike.")
            .Produces<string>(200, "text/html");
        page.MapPost("/", ReceiveAsync).WithName("SubmitSecret").WithSummary("Takes what was entered on the page, as a form with 'field.NAME' for each field. Works once.")
            .WithMetadata(new RequestSizeLimitAttribute(MaxBody)).Produces<string>(200, "text/html").ProducesProblem(400).ProducesProblem(413);
    }

    private static async Task<IResult> ShowAsync(string token, SecretReceiver receiver, CredentialKinds kinds, HttpContext http, CancellationToken cancellationToken) =>
        await receiver.FindAsync(token, cancellationToken) is { } request ? Answer(http, SecretPage.Form(request, kinds.Get(request.Type))) : Unusable(http);

    private static async Task<IResult> ReceiveAsync(string token, SecretReceiver receiver, CredentialKinds kinds, HttpContext http, CancellationToken cancellationToken)
    {
        if (!http.Request.HasFormContentType)
        {
            return new Refusal(StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "Unsupported media type", "Send the fields as a form: application/x-www-form-urlencoded with 'field.NAME' for each.").ToResult();
        }

        IFormCollection form;
        try
        {
            form = await http.Request.ReadFormAsync(new() { ValueCountLimit = MaxFields, KeyLengthLimit = 128, ValueLengthLimit = MaxBody, MultipartBodyLengthLimit = MaxBody }, cancellationToken);
        }
        catch (InvalidDataException)
        {
            return new Refusal(StatusCodes.Status400BadRequest, "invalid-input", "The input is not valid", $"The form has too many or too long fields; at most {MaxFields} are read.").ToResult();
        }

        var entered = form.Where(field => field.Key.StartsWith(SecretPage.FieldPrefix, StringComparison.Ordinal) && field.Value.Count == 1 && field.Value[0]!.Length > 0)
            .ToDictionary(field => field.Key[SecretPage.FieldPrefix.Length..], field => field.Value[0]!, StringComparer.Ordinal);
        if (await receiver.ReceiveAsync(token, entered, cancellationToken) is not var (request, problems))
        {
            return Unusable(http);
        }

        return problems.Count == 0 ? Answer(http, SecretPage.Received())
            : ReadsHtml(http) ? Answer(http, SecretPage.Form(request, kinds.Get(request.Type), entered, problems), StatusCodes.Status400BadRequest)
            : Refusal.Invalid("The form", problems).ToResult();
    }

    private static IResult Unusable(HttpContext http) => ReadsHtml(http)
        ? Answer(http, SecretPage.Unusable(), StatusCodes.Status404NotFound)
        : new Refusal(StatusCodes.Status404NotFound, "unusable-link", "This link cannot be used", SecretPage.UnusableDetail).ToResult();

    // Programs that do not ask for a page get problem details, as everywhere.
    private static bool ReadsHtml(HttpContext http) => http.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);

    private static IResult Answer(HttpContext http, string page, int status = StatusCodes.Status200OK)
    {
        var headers = http.Response.Headers;
        headers.ContentSecurityPolicy = SecretPage.ContentSecurityPolicy;
        headers.CacheControl = "no-store";
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Opener-Policy"] = "same-origin";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()";
        headers["X-Robots-Tag"] = "noindex, nofollow";
        return TypedResults.Content(page, "text/html", Encoding.UTF8, status);
    }
}
