using System.IO.Pipelines;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Platform.ServiceDefaults;

/// <summary>
/// Refuses members of JSON bodies that an operation does not have, all at once and before anything is done: a setting with a spelling mistake would otherwise be ignored, and the default taken for it. What GET answered
/// may be changed and sent back with PUT: where the answer holds every member the body can have, its other members are known and mean nothing.
/// </summary>
public static class BodyMembers
{
    /// <summary>Comes after authorization: strangers learn nothing about operations. Calls between services are left alone, since an older instance has to understand a newer one.</summary>
    public static void UseStrictBodies(this WebApplication app)
    {
        var json = app.Services.GetRequiredService<IOptions<JsonOptions>>().Value.SerializerOptions;
        var shapes = new Lazy<IReadOnlyDictionary<Type, BodyShape>>(() => Describe(app.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToList(), json));
        app.Use(async (context, next) =>
        {
            if (context.Request.Path.StartsWithSegments("/api") && context.Request.HasJsonContentType() && BodyOf(context.GetEndpoint()) is { } type && shapes.Value.TryGetValue(type, out var shape)
                && await CheckAsync(context.Request.BodyReader, shape, json, context.RequestAborted) is { Count: > 0 } problems)
            {
                await Refusal.Invalid("The request body", problems).ToResult().ExecuteAsync(context);
                return;
            }

            await next(context);
        });
    }

    private static Type? BodyOf(Endpoint? endpoint) => endpoint?.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType;

    private static Dictionary<Type, BodyShape> Describe(List<RouteEndpoint> endpoints, JsonSerializerOptions json)
    {
        var answers = endpoints.Where(endpoint => Has(endpoint, HttpMethods.Get)).GroupBy(endpoint => endpoint.RoutePattern.RawText ?? "", StringComparer.OrdinalIgnoreCase)
            .ToDictionary(place => place.Key, place => AnswerOf(place.First()), StringComparer.OrdinalIgnoreCase);
        var readBack = endpoints.Where(endpoint => Has(endpoint, HttpMethods.Put) && BodyOf(endpoint) is not null && answers.GetValueOrDefault(endpoint.RoutePattern.RawText ?? "") is not null)
            .ToLookup(endpoint => BodyOf(endpoint)!, endpoint => answers[endpoint.RoutePattern.RawText ?? ""]!);
        return endpoints.Select(BodyOf).OfType<Type>().Distinct().ToDictionary(body => body, body => BodyShape.Of(body, readBack[body].Distinct(), json));
    }

    private static bool Has(Endpoint endpoint, string method) => endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()?.HttpMethods.Contains(method) == true;

    private static Type? AnswerOf(Endpoint endpoint) =>
        endpoint.Metadata.GetOrderedMetadata<IProducesResponseTypeMetadata>().FirstOrDefault(answer => answer.StatusCode == StatusCodes.Status200OK && answer.Type is not null)?.Type;

    // The body stays in the pipe: whoever binds it reads the same bytes once more.
    private static async Task<IReadOnlyList<FieldProblem>> CheckAsync(PipeReader body, BodyShape shape, JsonSerializerOptions json, CancellationToken cancellationToken)
    {
        var read = await body.ReadAsync(cancellationToken);
        while (!read.IsCompleted)
        {
            body.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            read = await body.ReadAsync(cancellationToken);
        }

        try
        {
            return BodyWalk.Unknown(read.Buffer, shape, json);
        }
        catch (JsonException)
        {
            // Not JSON: the binder says so, with the position.
            return [];
        }
        finally
        {
            body.AdvanceTo(read.Buffer.Start);
        }
    }
}
