using System.Globalization;
using System.Security.Claims;
using System.Text;
using Npgsql;
using Platform.Gateway.Access;
using Platform.ServiceDefaults;

namespace Platform.Gateway.Idempotency;

/// <summary>
/// POST with an <c>Idempotency-Key</c> (G1): the first is carried out, and its answer is kept for a day and given to every repetition. While the first is under way a repetition is told to
/// wait; the same key with another request is refused. A key is free again after an answer of 500 and more, for the services undo what they could not finish; when the answer was lost, by
/// a crash or a cut connection, the caller is told so, and the request is not carried out again.
/// </summary>
internal sealed class IdempotencyKeys(StoredAnswers answers) : IMiddleware
{
    public const string HeaderName = "Idempotency-Key";
    public const string ReplayedHeaderName = "Idempotency-Replayed";
    private const int MaxKeyLength = 200;
    private const int MaxBytes = 4 * 1024 * 1024;

    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (!HttpMethods.IsPost(context.Request.Method) || !context.Request.Headers.TryGetValue(HeaderName, out var given) || context.User.FindFirstValue(ApiKeyAuthentication.KeyIdClaim) is not { } caller)
        {
            await next(context);
            return;
        }

        if (given.Count != 1 || given[0] is not { Length: > 0 and <= MaxKeyLength } text || text.Any(c => c is < '!' or > '~'))
        {
            await Refusal.Invalid("The request", [new(HeaderName, $"Expected one header with 1 to {MaxKeyLength} visible ASCII characters.")]).ToResult().ExecuteAsync(context);
            return;
        }

        var body = await ReadAsync(context);
        var key = answers.HashOf("key", Encoding.ASCII.GetBytes(text));
        var request = answers.HashOf($"{context.Request.Path}{context.Request.QueryString}\n{context.Request.ContentType}", body.ToArray());
        var (outcome, status, kept) = await ClaimAsync(caller, key, request, context.RequestAborted);
        switch (outcome)
        {
            case ClaimOutcome.Mine:
                await CarryOutAsync(context, next, caller, key);
                break;
            case ClaimOutcome.Answered:
                await SendAsync(context, status, kept!, replayed: true);
                break;
            case ClaimOutcome.OtherRequest:
                await new Refusal(StatusCodes.Status422UnprocessableEntity, "idempotency-key-reused", "The idempotency key was used for another request",
                    "This key came before with another path, body or content type. Repeat a request exactly as it was, or use a new key for a new one.").ToResult().ExecuteAsync(context);
                break;
            case ClaimOutcome.UnderWay:
                context.Response.Headers.RetryAfter = "1";
                await Refusal.Conflict("request-under-way", "The request is being carried out",
                    "A request with this idempotency key is being carried out. Repeat it after the time that the header Retry-After says; the answer will be that request's.").ToResult().ExecuteAsync(context);
                break;
            default:
                await Refusal.Conflict("outcome-unknown", "The outcome of the request is not known",
                    "A request with this idempotency key was forwarded, and its answer was lost. It will not be carried out again under this key. Look whether it took effect, and repeat it with a new key if it did not.")
                    .ToResult().ExecuteAsync(context);
                break;
        }
    }

    private async Task<(ClaimOutcome Outcome, int Status, StoredAnswer? Answer)> ClaimAsync(string caller, byte[] key, byte[] request, CancellationToken cancellationToken)
    {
        try
        {
            return await answers.ClaimAsync(caller, key, request, cancellationToken);
        }
        catch (NpgsqlException e)
        {
            throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "keys-unavailable", "Idempotency keys cannot be checked",
                "The gateway's database does not answer, so it is not known whether this request came before. Nothing was carried out. Try again in a few seconds."), e);
        }
    }

    private async Task CarryOutAsync(HttpContext context, RequestDelegate next, string caller, byte[] key)
    {
        // A caller who does not wait will ask again: the request goes on, and the answer is there then.
        context.RequestAborted = CancellationToken.None;
        var toCaller = context.Response.Body;
        using var buffer = new MemoryStream();
        context.Response.Body = buffer;
        var settled = false;
        try
        {
            await next(context);
            var status = context.Response.StatusCode;
            if (status < StatusCodes.Status500InternalServerError)
            {
                await answers.AnswerAsync(caller, key, status, new(context.Response.ContentType, context.Response.Headers.Location, buffer.ToArray()));
            }
            else if (WasForwarded(context) && context.GetForwarderErrorFeature() is not null)
            {
                await answers.LoseAsync(caller, key);
            }
            else
            {
                await answers.ReleaseAsync(caller, key);
            }

            settled = true;
        }
        finally
        {
            context.Response.Body = toCaller;
            if (!settled)
            {
                // Thrown by the gateway's own handlers, whose transactions are undone.
                await answers.ReleaseAsync(caller, key);
            }
        }

        buffer.Position = 0;
        await buffer.CopyToAsync(toCaller, CancellationToken.None);
    }

    // Without a connection the service has not seen the request.
    private static bool WasForwarded(HttpContext context) =>
        context.GetForwarderErrorFeature()?.Exception is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };

    private static async Task SendAsync(HttpContext context, int status, StoredAnswer answer, bool replayed)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = answer.ContentType;
        context.Response.ContentLength = answer.Body.Length;
        context.Response.Headers.Location = answer.Location;
        if (replayed)
        {
            context.Response.Headers[ReplayedHeaderName] = "true";
        }

        await context.Response.Body.WriteAsync(answer.Body, context.RequestAborted);
    }

    private static async Task<MemoryStream> ReadAsync(HttpContext context)
    {
        var body = new MemoryStream();
        var chunk = new byte[16 * 1024];
        int read;
        while ((read = await context.Request.Body.ReadAsync(chunk, context.RequestAborted)) > 0)
        {
            body.Write(chunk, 0, read);
            if (body.Length > MaxBytes)
            {
                throw new RefusedException(new(StatusCodes.Status413PayloadTooLarge, "too-large", "The request body is too large",
                    string.Create(CultureInfo.InvariantCulture, $"Requests with an idempotency key may have {MaxBytes} bytes at most.")));
            }
        }

        body.Position = 0;
        context.Request.Body = body;
        context.Response.RegisterForDispose(body);
        return body;
    }
}
