using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace Platform.ServiceDefaults;

/// <summary>One thing wrong with an input: where (a JSON path such as <c>$.entities[0]['object/file-pattern']</c>) and what, with what was expected.</summary>
public sealed record FieldProblem(string Path, string Problem);

/// <summary>
/// A refusal, as a named value beside the feature that refuses; this file turns it into problem details (RFC 9457). <paramref name="Code"/> is the stable
/// name a program may test for (the problem's <c>type</c> is <c>/problems/{code}</c>); <paramref name="Detail"/> says what was found, what was expected and the remedy.
/// </summary>
public sealed record Refusal(int Status, string Code, string Title, string Detail)
{
    /// <summary>Every problem of the input, not just the first.</summary>
    public IReadOnlyList<FieldProblem>? Errors { get; init; }

    /// <summary>404 for something the caller named and the platform does not have.</summary>
    public static Refusal NotFound(string kind, string id, string remedy) =>
        new(StatusCodes.Status404NotFound, $"unknown-{kind.Replace(' ', '-')}", $"Unknown {kind}", $"There is no {kind} '{id}'. {remedy}");

    /// <summary>400 with every problem of the input at once.</summary>
    public static Refusal Invalid(string what, IReadOnlyList<FieldProblem> errors) =>
        new(StatusCodes.Status400BadRequest, "invalid-input", "The input is not valid",
            $"{what}: {(errors.Count == 1 ? "1 problem" : $"{errors.Count} problems")}, listed under 'errors'. Nothing was changed.")
        { Errors = errors };

    /// <summary>409 for a request that is valid but does not fit the present state.</summary>
    public static Refusal Conflict(string code, string title, string detail) => new(StatusCodes.Status409Conflict, code, title, detail);

    /// <summary>The HTTP answer.</summary>
    public ProblemHttpResult ToResult() => TypedResults.Problem(ToProblem());

    internal ProblemDetails ToProblem()
    {
        var problem = new ProblemDetails { Status = Status, Type = $"/problems/{Code}", Title = Title, Detail = Detail };
        if (Errors is not null)
        {
            problem.Extensions["errors"] = Errors;
        }

        return problem;
    }
}

/// <summary>Carries a refusal out of code that cannot return one.</summary>
public sealed class RefusedException(Refusal refusal, Exception? cause = null) : Exception(refusal.Detail, cause)
{
    /// <summary>What to answer.</summary>
    public Refusal Refusal { get; } = refusal;
}

/// <summary>Problem details (RFC 9457) for whatever goes wrong.</summary>
public static partial class Problems
{
    internal static void AddProblems(this WebApplicationBuilder builder)
    {
        // Bad JSON must reach the handler below as an exception, in every environment, to be answered with its position.
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            var problem = context.ProblemDetails;
            var status = problem.Status ?? context.HttpContext.Response.StatusCode;
            if (problem.Type is null || !problem.Type.StartsWith("/problems/", StringComparison.Ordinal))
            {
                problem.Type = $"/problems/{DefaultCode(status)}";
                problem.Detail ??= DefaultDetail(status, context.HttpContext);
            }

            problem.Instance = context.HttpContext.Request.Path;
            problem.Extensions["traceId"] = Activity.Current?.TraceId.ToHexString() ?? context.HttpContext.TraceIdentifier;
        });
        builder.Services.AddExceptionHandler<ExceptionToProblem>();
    }

    /// <summary>Answers exceptions, and error statuses without a body, with problem details. Comes before whatever may fail.</summary>
    public static void UseProblems(this WebApplication app)
    {
        app.UseExceptionHandler();
        app.UseStatusCodePages();
        // The framework takes an unknown charset for a fault of the program.
        app.Use((context, next) => MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) && type.Charset.Length > 0 && type.Encoding is null
            ? throw new RefusedException(UnknownCharset)
            : next(context));
    }

    private static Refusal UnknownCharset { get; } = new(StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "Unsupported Media Type",
        "The charset that the header Content-Type names is not known. Send UTF-8.");

    private static string DefaultCode(int status) => status switch
    {
        400 => "invalid-input",
        401 => "not-authenticated",
        403 => "not-allowed",
        404 => "not-found",
        405 => "method-not-allowed",
        413 => "too-large",
        415 => "unsupported-media-type",
        429 => "too-many-requests",
        502 or 503 or 504 => "service-unavailable",
        _ => "internal-error",
    };

    private static string? DefaultDetail(int status, HttpContext context) => status switch
    {
        401 => "The request carries no valid credentials. Send an API key as 'Authorization: Bearer KEY' or 'X-Api-Key: KEY'.",
        403 => "The API key's role does not allow this request. Use a key with a higher role (viewer, operator, admin).",
        404 => $"Nothing is found at {context.Request.Path}. The paths are listed in /openapi.json.",
        405 => $"{context.Request.Method} is not possible at {context.Request.Path}. The methods are listed in /openapi.json.",
        413 => "The request body is too large.",
        415 => "The request body must be JSON: send the header 'Content-Type: application/json'.",
        429 => "Too many requests. Wait as long as the header Retry-After says.",
        502 or 503 or 504 => "The service behind this path does not answer right now. Try again in a few seconds.",
        _ => null,
    };

    private sealed partial class ExceptionToProblem(IProblemDetailsService problems, ILogger<ExceptionToProblem> logger) : IExceptionHandler
    {
        // Of the exceptions that System.Text.Json means to be told as faults of the JSON; reading a text later than the rest, nobody else does.
        private const string UnreadableText = "System.Text.Json.Rethrowable";

        private static readonly Refusal HalfCharacter = new(StatusCodes.Status400BadRequest, "invalid-input", "The input is not valid",
            "A text of the request holds half of a character (in JSON one of \\ud800 to \\udfff without its other half). Send whole characters. Nothing was changed.");

        // PostgreSQL's text cannot hold it, and no field of the platform has a use for it.
        private static readonly Refusal NulCharacter = new(StatusCodes.Status400BadRequest, "invalid-input", "The input is not valid",
            "A text of the request contains the character U+0000 (in JSON \\u0000, in an address %00), which cannot be stored. Leave it out. Nothing was changed.");

        public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
        {
            if (exception is OperationCanceledException && context.RequestAborted.IsCancellationRequested)
            {
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
                return true;
            }

            var refusal = exception switch
            {
                RefusedException refused => refused.Refusal,
                BadHttpRequestException bad => FromBadRequest(bad, context),
                InvalidOperationException { Source: UnreadableText } => HalfCharacter,
                PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter } => NulCharacter,
                DbUpdateException { InnerException: PostgresException { SqlState: PostgresErrorCodes.CharacterNotInRepertoire or PostgresErrorCodes.UntranslatableCharacter } } => NulCharacter,
                _ when IsDatabaseAbsent(exception) => DatabaseAbsent,
                _ => null,
            };
            if (refusal == DatabaseAbsent)
            {
                context.Response.Headers.RetryAfter = "2";
                DatabaseDoesNotAnswer(logger, exception, context.Request.Method, LinkTokens.Hide(context.Request.Path));
            }

            if (refusal is null)
            {
                UnhandledException(logger, exception, context.Request.Method, LinkTokens.Hide(context.Request.Path));
                refusal = new(StatusCodes.Status500InternalServerError, "internal-error", "Internal error",
                    "The platform failed to answer this request; nothing about it is known to be wrong. The log has the cause under the trace id.");
            }

            context.Response.StatusCode = refusal.Status;
            return await problems.TryWriteAsync(new() { HttpContext = context, ProblemDetails = refusal.ToProblem() });
        }

        private static Refusal DatabaseAbsent { get; } = new(StatusCodes.Status503ServiceUnavailable, "database-unavailable", "The database does not answer",
            "The service's database does not answer right now, and nothing was changed. Try again after the time that the header Retry-After says.");

        // Entity Framework wraps what may pass.
        private static bool IsDatabaseAbsent(Exception? exception) =>
            exception is not null && (exception is NpgsqlException { IsTransient: true } or PostgresException { SqlState: PostgresErrorCodes.InvalidCatalogName } || IsDatabaseAbsent(exception.InnerException));

        private static Refusal FromBadRequest(BadHttpRequestException bad, HttpContext context)
        {
            if (bad.InnerException is JsonException json)
            {
                var where = json.LineNumber is { } line ? $" at line {line + 1}, byte {json.BytePositionInLine + 1}" : "";
                return Refusal.Invalid($"The request body is not the JSON expected here{where}",
                    [new(json.Path ?? "$", JsonProblem(json))]);
            }

            if (bad.StatusCode != StatusCodes.Status400BadRequest)
            {
                return new(bad.StatusCode, DefaultCode(bad.StatusCode), ReasonPhrases.GetReasonPhrase(bad.StatusCode), DefaultDetail(bad.StatusCode, context) ?? bad.Message);
            }

            // The framework's own texts speak of .NET parameters.
            var parameter = Parameter().Match(bad.Message);
            return parameter.Success
                ? Refusal.Invalid("The request", [new(parameter.Groups["name"].Value, parameter.Groups["value"] is { Success: true, Value: var value } ? $"'{value}' is not a value it can have." : "Required.")])
                : bad.Message.Contains("body", StringComparison.OrdinalIgnoreCase) ? Refusal.Invalid("The request", [new("$", "A JSON request body is required, and there is none.")])
                : new(bad.StatusCode, DefaultCode(bad.StatusCode), ReasonPhrases.GetReasonPhrase(bad.StatusCode), bad.Message);
        }

        [GeneratedRegex("^(?:Failed to bind parameter \"\\S+ (?<name>[^\"]+)\" from \"(?<value>.*)\"|Required parameter \"\\S+ (?<name>[^\"]+)\" was not provided from (?:query|route|header))", RegexOptions.Singleline)]
        private static partial Regex Parameter();

        // System.Text.Json names .NET types and quotes input; a user needs neither.
        private static string JsonProblem(JsonException json)
        {
            var message = json.Message;
            if (message.Contains("missing required properties", StringComparison.Ordinal))
            {
                var colon = message.IndexOf("including:", StringComparison.Ordinal);
                return colon < 0 ? "Required members are missing." : $"Required members are missing: {message[(colon + 10)..].Trim().TrimEnd('.')}.";
            }

            return message.Contains("holds a null", StringComparison.Ordinal) ? "A list or dictionary in it holds a null, which has no meaning there."
                : message.Contains("Duplicate property", StringComparison.Ordinal) ? "A member stands there twice."
                : message.Contains("could not be converted", StringComparison.Ordinal) || message.Contains("doesn't allow null", StringComparison.Ordinal) || message.Contains("disallow", StringComparison.OrdinalIgnoreCase)
                ? "The value has the wrong type or is none of the allowed ones."
                : "The text is not well-formed JSON.";
        }

        [LoggerMessage(EventId = 101, Level = LogLevel.Warning, Message = "{Method} {Path} was refused: the database does not answer")]
        private static partial void DatabaseDoesNotAnswer(ILogger logger, Exception exception, string method, string path);

        [LoggerMessage(EventId = 100, Level = LogLevel.Error, Message = "{Method} {Path} failed")]
        private static partial void UnhandledException(ILogger logger, Exception exception, string method, string path);
    }
}
