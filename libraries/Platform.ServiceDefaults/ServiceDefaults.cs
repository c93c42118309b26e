using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Platform.ServiceDefaults.Security;

namespace Platform.ServiceDefaults;

/// <summary>The start-up every service shares: logs, telemetry, health, problem details, authentication, OpenAPI.</summary>
public static class ServiceDefaults
{
    /// <summary>Adds what every service has, whatever it does. <paramref name="service"/> is its name on the bus, in tokens and in traces, for example <c>feeds</c>.</summary>
    public static WebApplicationBuilder AddServiceDefaults(this WebApplicationBuilder builder, string service)
    {
        builder.AddHostDefaults(service);
        builder.AddInternalAuthentication();
        builder.AddOpenApi(service);
        return builder;
    }

    /// <summary>Maps what <see cref="AddServiceDefaults"/> added. Health is the one thing answered without a token.</summary>
    public static WebApplication MapServiceDefaults(this WebApplication app)
    {
        app.UseHead();
        app.UseRequestNames();
        app.UseProblems();
        app.UseAuthentication();
        app.UseAuthorization();
        app.UseStrictQueries();
        app.UseStrictBodies();
        app.UsePreconditions();
        app.UseEntityTags();
        app.MapHealth();
        app.MapOpenApiDocument();
        return app;
    }

    /// <summary>The part of <see cref="AddServiceDefaults"/> that the gateway needs too: identity, clock, JSON, limits, logs, telemetry, problem details, health, internal tokens.</summary>
    public static WebApplicationBuilder AddHostDefaults(this WebApplicationBuilder builder, string service)
    {
        var identity = new ServiceIdentity(service);
        builder.Services.AddSingleton(identity);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(10));
        builder.Services.Configure<JsonOptions>(options =>
        {
            PlatformJson.Configure(options.SerializerOptions);
            RequestJson.Configure(options.SerializerOptions);
        });
        builder.WebHost.ConfigureLimits();
        builder.AddTelemetry(identity);
        builder.AddProblems();
        builder.AddInternalTokens(identity);
        builder.Services.AddHealthChecks();
        return builder;
    }

    /// <summary>
    /// Runs the service, or, with the argument <c>migrate</c>, brings its database to the newest migration and ends.
    /// Services never migrate themselves: the deployment runs the migration as a job of its own, before them.
    /// </summary>
    public static async Task RunServiceAsync<TContext>(this WebApplication app, string[] args)
        where TContext : DbContext
    {
        if (args is ["migrate", ..])
        {
            await using var scope = app.Services.CreateAsyncScope();
            var database = scope.ServiceProvider.GetRequiredService<TContext>().Database;
            if (!database.GetMigrations().Any())
            {
                throw new InvalidOperationException($"{typeof(TContext).Name} has no migrations: the build is incomplete.");
            }

            await database.MigrateAsync();
            return;
        }

        // Missing or malformed keys and endpoints without a policy stop the start, not the first call.
        app.RequirePolicies();
        app.Services.GetRequiredService<InternalTokens>();
        await app.RunAsync();
    }
}
