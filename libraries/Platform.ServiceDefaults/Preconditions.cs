using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Net.Http.Headers;
using Npgsql;

namespace Platform.ServiceDefaults;

/// <summary>
/// PUT, PATCH and DELETE with <c>If-Match</c> (RFC 9110 §13.1.1) are carried out only while what GET answers at the same path still has one of the given <c>ETag</c>s, else refused with 412: of two people who edit
/// one object, the second does not write over what he has not seen. Those who send it take turns by path, in all instances of the service; who does not send it is not held up.
/// </summary>
internal static class Preconditions
{
    // Each waits with a database connection of its own, of which a service has about ten.
    private const int AtATime = 3;
    private const int PatienceSeconds = 15;

    public static void UsePreconditions(this WebApplication app)
    {
        var readers = new Lazy<Dictionary<string, RouteEndpoint>>(() => ReadersOf(app));
        var turns = new SemaphoreSlim(AtATime, AtATime);
        app.Use(async (context, next) =>
        {
            if (!Changes(context.Request.Method) || context.Request.Headers.IfMatch.Count == 0 || context.GetEndpoint() is not RouteEndpoint endpoint)
            {
                await next(context);
                return;
            }

            if (!readers.Value.TryGetValue(PlaceOf(endpoint), out var reader))
            {
                await Refusal.Invalid("The request", [new(HeaderNames.IfMatch, "Means nothing here: nothing is read with GET at this path, so there is no ETag to compare. Leave it out.")]).ToResult().ExecuteAsync(context);
                return;
            }

            await turns.WaitAsync(context.RequestAborted);
            try
            {
                await InTurnAsync(context, reader, next);
            }
            finally
            {
                turns.Release();
            }
        });
    }

    private static async Task InTurnAsync(HttpContext context, RouteEndpoint reader, RequestDelegate next)
    {
        await using var connection = await context.RequestServices.GetRequiredService<NpgsqlDataSource>().OpenConnectionAsync(context.RequestAborted);
        await using var turn = await connection.BeginTransactionAsync(context.RequestAborted);
        await TakeAsync(connection, context.Request.Path.Value!.ToLowerInvariant(), context.RequestAborted);
        var (status, tag) = await ReadAsync(context, reader);

        // What is not there is the handler's to say.
        if (status == StatusCodes.Status200OK && !Matches(context, tag))
        {
            if (tag is not null)
            {
                context.Response.GetTypedHeaders().ETag = tag;
            }

            await Changed.ToResult().ExecuteAsync(context);
            return;
        }

        await next(context);
    }

    private static async Task TakeAsync(NpgsqlConnection connection, string path, CancellationToken cancellationToken)
    {
        try
        {
            await using var take = new NpgsqlCommand("select set_config('lock_timeout', $1, true), pg_advisory_xact_lock(hashtextextended($2, 0))", connection);
            take.Parameters.Add(new() { Value = $"{PatienceSeconds}s" });
            take.Parameters.Add(new() { Value = $"edit {path}" });
            await take.ExecuteNonQueryAsync(cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            throw new RefusedException(Refusal.Conflict("edit-under-way", "The object is being changed", "Another change of it has been under way for a while. Read it again and repeat your change."), e);
        }
    }

    // As if the caller had sent GET, with a scope of its own, so that the change does not find what this has loaded. Whoever may change it may read it: higher roles include the lower ones.
    private static async Task<(int Status, EntityTagHeaderValue? Tag)> ReadAsync(HttpContext change, RouteEndpoint reader)
    {
        await using var scope = change.RequestServices.CreateAsyncScope();
        using var answer = new MemoryStream();
        var read = new DefaultHttpContext { RequestServices = scope.ServiceProvider, User = change.User, RequestAborted = change.RequestAborted };
        read.Request.Method = HttpMethods.Get;
        read.Request.Scheme = change.Request.Scheme;
        read.Request.Host = change.Request.Host;
        read.Request.Path = change.Request.Path;
        read.Request.RouteValues = new(change.Request.RouteValues);
        read.Response.Body = answer;
        read.SetEndpoint(reader);
        await reader.RequestDelegate!(read);
        await read.Response.BodyWriter.FlushAsync(change.RequestAborted);
        return (read.Response.StatusCode, EntityTags.IsTagged(read.Response, answer.Length) ? EntityTags.Of(answer.ToArray()) : null);
    }

    private static bool Matches(HttpContext context, EntityTagHeaderValue? tag) =>
        context.Request.GetTypedHeaders().IfMatch.Any(given => given.Equals(EntityTagHeaderValue.Any) || (tag is not null && given.Compare(tag, useStrongComparison: true)));

    private static Dictionary<string, RouteEndpoint> ReadersOf(WebApplication app) => app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        .Where(endpoint => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Get) == true)
        .GroupBy(PlaceOf, StringComparer.OrdinalIgnoreCase).ToDictionary(place => place.Key, place => place.First(), StringComparer.OrdinalIgnoreCase);

    private static string PlaceOf(RouteEndpoint endpoint) => endpoint.RoutePattern.RawText?.Trim('/') ?? "";

    private static bool Changes(string method) => HttpMethods.IsPut(method) || HttpMethods.IsPatch(method) || HttpMethods.IsDelete(method);

    private static Refusal Changed { get; } = new(StatusCodes.Status412PreconditionFailed, "changed-meanwhile", "The object is not as you saw it",
        "None of the ETags in If-Match is the object's present one, which the header ETag has: somebody or something changed it after you read it. Read it again, and repeat your change on what you find. Nothing was changed.");
}
