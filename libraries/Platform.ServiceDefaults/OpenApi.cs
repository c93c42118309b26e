using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.SwaggerGen;

namespace Platform.ServiceDefaults;

/// <summary>
/// The OpenAPI 3 document of one service, of the paths under <c>/api</c> only. It is committed beside the service as <c>openapi.json</c>; a test regenerates
/// and compares it, and the gateway merges the committed documents.
/// </summary>
public static partial class OpenApi
{
    /// <summary>Describes the endpoints of this process. <see cref="ServiceDefaults.AddServiceDefaults"/> does it for services.</summary>
    public static void AddOpenApi(this WebApplicationBuilder builder, string service)
    {
        builder.Services.AddEndpointsApiExplorer();
        builder.Services.AddSwaggerGen(options =>
        {
            options.SwaggerDoc("v1", new OpenApiInfo { Title = $"Courier Platform: {service}", Version = "v1" });
            options.DocInclusionPredicate((_, description) => description.RelativePath?.StartsWith("api/", StringComparison.Ordinal) == true);
            options.CustomOperationIds(description => description.ActionDescriptor.EndpointMetadata.OfType<IEndpointNameMetadata>().FirstOrDefault()?.EndpointName);
            options.SupportNonNullableReferenceTypes();
            options.NonNullableReferenceTypesAsRequired();
            options.CustomSchemaIds(SchemaId);
            options.OperationFilter<ProblemResponses>();
            var documentation = Path.Combine(AppContext.BaseDirectory, $"{builder.Environment.ApplicationName}.xml");
            if (File.Exists(documentation))
            {
                options.IncludeXmlComments(documentation);
            }
        });
    }

    internal static void MapOpenApiDocument(this WebApplication app) =>
        app.MapSwagger("/internal/openapi/{documentName}.json").AllowAnonymous();

    // Page<LandedFile> becomes LandedFilePage.
    private static string SchemaId(Type type) =>
        type.IsGenericType ? string.Concat(type.GetGenericArguments().Select(SchemaId)) + GenericArity().Replace(type.Name, "") : type.Name;

    [GeneratedRegex("`[0-9]+$")]
    private static partial Regex GenericArity();

    /// <summary>Every operation may answer with problem details; said once, here.</summary>
    private sealed class ProblemResponses : IOperationFilter
    {
        public void Apply(OpenApiOperation operation, OperationFilterContext context)
        {
            var schema = context.SchemaGenerator.GenerateSchema(typeof(ProblemDetails), context.SchemaRepository);
            operation.Responses ??= [];
            operation.Responses.TryAdd("default", new OpenApiResponse
            {
                Description = "Problem details (RFC 9457).",
                Content = new Dictionary<string, IOpenApiMediaType> { ["application/problem+json"] = new OpenApiMediaType { Schema = schema } },
            });
        }
    }
}
