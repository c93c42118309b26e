using System.Collections;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc.ApiExplorer;
using Microsoft.AspNetCore.Mvc.ModelBinding;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Platform.ServiceDefaults;

/// <summary>
/// Refuses query parameters that an operation does not have, and single ones that stand there twice, all at once: a filter with a spelling mistake would otherwise be ignored and the
/// answer be taken for the filtered one. What an operation has is read from its description, the one its OpenAPI document is made of.
/// </summary>
public static class QueryParameters
{
    /// <summary>Comes after authorization: strangers learn nothing about operations.</summary>
    public static void UseStrictQueries(this WebApplication app)
    {
        // The descriptions are there once all endpoints are mapped.
        var known = new Lazy<IReadOnlyDictionary<string, IReadOnlyDictionary<string, bool>>>(() => Describe(app.Services.GetRequiredService<IApiDescriptionGroupCollectionProvider>()));
        app.Use(async (context, next) =>
        {
            if (context.Request.Query.Count > 0 && IsProgramsPath(context.Request.Path)
                && context.GetEndpoint()?.Metadata.GetMetadata<IEndpointNameMetadata>() is { EndpointName: var operation } && known.Value.TryGetValue(operation, out var parameters)
                && Check(context.Request.Query, parameters) is { Count: > 0 } problems)
            {
                await Refusal.Invalid("The query", problems).ToResult().ExecuteAsync(context);
                return;
            }

            await next(context);
        });
    }

    // Pages for people get parameters from whatever shortens or follows the links to them.
    private static bool IsProgramsPath(PathString path) => path.StartsWithSegments("/api") || path.StartsWithSegments("/internal");

    private static Dictionary<string, IReadOnlyDictionary<string, bool>> Describe(IApiDescriptionGroupCollectionProvider descriptions) =>
        descriptions.ApiDescriptionGroups.Items.SelectMany(group => group.Items)
            .Select(description => (Name: description.ActionDescriptor.EndpointMetadata.OfType<IEndpointNameMetadata>().LastOrDefault()?.EndpointName, description.ParameterDescriptions))
            .Where(described => described.Name is not null)
            .GroupBy(described => described.Name!, described => described.ParameterDescriptions.Where(parameter => parameter.Source == BindingSource.Query), StringComparer.Ordinal)
            .ToDictionary(operation => operation.Key, IReadOnlyDictionary<string, bool> (operation) => operation.SelectMany(parameters => parameters)
                .DistinctBy(parameter => parameter.Name, StringComparer.OrdinalIgnoreCase)
                .ToDictionary(parameter => parameter.Name, parameter => IsList(parameter.Type), StringComparer.OrdinalIgnoreCase), StringComparer.Ordinal);

    private static bool IsList(Type? type) => type is not null && type != typeof(string) && typeof(IEnumerable).IsAssignableFrom(type);

    private static IReadOnlyList<FieldProblem> Check(IQueryCollection query, IReadOnlyDictionary<string, bool> known)
    {
        var problems = new UnknownNames();
        foreach (var (name, values) in query)
        {
            if (!known.TryGetValue(name, out var isList))
            {
                problems.Add(() => new(UnknownNames.Shown(name), UnknownNames.Describe("query parameter", name, "The operation", [.. known.Keys])));
            }
            else if (values.Count > 1 && !isList)
            {
                problems.Add(() => new(name, string.Create(CultureInfo.InvariantCulture, $"Stands there {values.Count} times; it takes one value.")));
            }
        }

        return problems.All();
    }
}
