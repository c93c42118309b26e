using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.OpenApi;
using Swashbuckle.AspNetCore.Swagger;

namespace Platform.Gateway.OpenApi;

/// <summary>One document of everything: the services' committed openapi.json, which the build copies to <c>openapi/</c>, and the gateway's own paths.</summary>
internal sealed class UnifiedOpenApi
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Throws <see cref="InvalidOperationException"/> naming what clashes, or which document is missing.</summary>
    public UnifiedOpenApi(ISwaggerProvider own, IConfiguration configuration)
    {
        var merge = new OpenApiMerge("Courier Platform", "Pulls customer data from other people's systems into tables one can query.");
        merge.Add("gateway", OwnDocument(own));
        foreach (var service in configuration.GetSection("ReverseProxy:Clusters").GetChildren().Select(cluster => cluster.Key).Order(StringComparer.Ordinal))
        {
            var file = Path.Combine(AppContext.BaseDirectory, "openapi", service, "openapi.json");
            if (!File.Exists(file))
            {
                throw new InvalidOperationException($"The OpenAPI document of the {service} service is missing: '{file}'. The build copies it from services/{service}/openapi.json.");
            }

            merge.Add(service, JsonNode.Parse(File.ReadAllText(file))!.AsObject());
        }

        var document = merge.Build();
        Scopes = Complete(document);
        Text = document.ToJsonString(Indented) + "\n";
    }

    /// <summary>The document as JSON.</summary>
    public string Text { get; }

    /// <summary>Every scope that an operation needs, in order.</summary>
    public IReadOnlyCollection<string> Scopes { get; }

    private static SortedSet<string> Complete(JsonObject document)
    {
        var scopes = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (path, item) in document["paths"]!.AsObject())
        {
            foreach (var (method, operation) in item!.AsObject().Where(operation => operation.Value is JsonObject))
            {
                var scope = Access.Scopes.Of(method, path) ?? throw new InvalidOperationException($"No scope can be told from the path {path}: after /api/ it needs a fixed word.");
                operation!["x-scope"] = scope;
                if (method is "put" or "patch" or "delete" && item["get"] is not null)
                {
                    (operation["parameters"] ??= new JsonArray()).AsArray().Add(IfMatch());
                }

                scopes.Add(scope);
            }
        }

        return scopes;
    }

    // Every service does this for all its paths; said here once.
    private static JsonObject IfMatch() => new()
    {
        ["name"] = "If-Match",
        ["in"] = "header",
        ["description"] = "The ETag of what GET answered here: the change is refused with 412 when the object is not as it was then. Without it the object is changed as it is.",
        ["schema"] = new JsonObject { ["type"] = "string" },
    };

    private static JsonObject OwnDocument(ISwaggerProvider own)
    {
        var text = new StringWriter();
        own.GetSwagger("v1").SerializeAsV3(new OpenApiJsonWriter(text));
        return JsonNode.Parse(text.ToString())!.AsObject();
    }
}

internal static class UnifiedOpenApiEndpoints
{
    public const string Path = "/openapi.json";

    public static void AddUnifiedOpenApi(this WebApplicationBuilder builder)
    {
        ServiceDefaults.OpenApi.AddOpenApi(builder, "gateway");
        builder.Services.AddSingleton<UnifiedOpenApi>();
        builder.Services.AddHostedService<MergedAtStart>();
    }

    /// <summary>Anyone may read the description of the API, as anyone may read this project.</summary>
    public static void MapUnifiedOpenApi(this WebApplication app)
    {
        app.MapGet(Path, (UnifiedOpenApi document) => TypedResults.Text(document.Text, "application/json")).AllowAnonymous().ExcludeFromDescription();
        app.MapGet("/", () => TypedResults.Redirect("/swagger/index.html")).AllowAnonymous().ExcludeFromDescription();
    }

    public static void UseUnifiedSwaggerUi(this WebApplication app) => app.UseSwaggerUI(options =>
    {
        options.RoutePrefix = "swagger";
        options.DocumentTitle = "Courier Platform";
        options.SwaggerEndpoint(Path, "Courier Platform");
        options.DisplayOperationId();
    });

    // The endpoints of this process are known only once its pipeline is built, hence so late; a clash still stops the start.
    private sealed class MergedAtStart(IServiceProvider services) : IHostedLifecycleService
    {
        public Task StartedAsync(CancellationToken cancellationToken)
        {
            services.GetRequiredService<UnifiedOpenApi>();
            return Task.CompletedTask;
        }

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
