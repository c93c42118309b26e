using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using MassTransit;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;
using Platform.Testing;

namespace Platform.ServiceDefaults.Tests;

/// <summary>A service with the start-up that every service has, on a real port, with what a test adds.</summary>
internal sealed class TestService : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestService(WebApplication app) => _app = app;

    public IServiceProvider Services => _app.Services;

    public string Name => Services.GetRequiredService<ServiceIdentity>().Name;

    public string Address => Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single();

    /// <summary>Starts it and waits until its queues are declared; its tables are made if they are missing.</summary>
    public static async Task<TestService> StartAsync(
        ServiceSettings settings, string name, Action<IBusRegistrationConfigurator>? consumers = null, Action<WebApplication>? map = null, ILoggerProvider? log = null, bool whenReady = true)
    {
        var builder = WebApplication.CreateBuilder(["--urls", "http://127.0.0.1:0", .. settings.Values.SelectMany(setting => (string[])[$"--{setting.Key}", setting.Value])]);
        builder.AddServiceDefaults(name);
        builder.AddPlatformDatabase<TestContext>();
        builder.AddPlatformMessaging<TestContext>(consumers);
        builder.Logging.ClearProviders();
        if (log is not null)
        {
            builder.Logging.AddProvider(log);
        }

        var service = new TestService(builder.Build());
        service._app.MapServiceDefaults();
        map?.Invoke(service._app);
        await service.InDatabaseAsync(async context =>
        {
            await context.Database.EnsureCreatedAsync();
            return 0;
        });
        await service._app.StartAsync();
        if (whenReady)
        {
            using var client = service.Anonymous();
            await Until.True(async () => (await client.GetAsync("/health/ready")).IsSuccessStatusCode);
        }

        return service;
    }

    public async Task<T> InDatabaseAsync<T>(Func<TestContext, Task<T>> work)
    {
        await using var scope = Services.CreateAsyncScope();
        return await work(scope.ServiceProvider.GetRequiredService<TestContext>());
    }

    /// <summary>Publishes through the outbox, committed by itself.</summary>
    public Task PublishAsync(object message) => InDatabaseAsync(async context =>
    {
        context.Publish(message, TimeProvider.System);
        return await context.SaveChangesAsync();
    });

    public Task<int> OutboxCountAsync() => InDatabaseAsync(context => context.Set<OutboxMessage>().CountAsync());

    /// <summary>What was handled of this test's messages: others come along, for the tests share a broker.</summary>
    public Task<List<Handled>> HandledAsync(string start) =>
        InDatabaseAsync(context => context.Handled.AsNoTracking().Where(row => row.What.StartsWith(start)).OrderBy(row => row.Id).ToListAsync());

    /// <summary>A client of a person whom the gateway forwards.</summary>
    public HttpClient ClientAs(TestKeys keys, string role)
    {
        var handler = keys.AsPerson(Name, role);
        handler.InnerHandler = new HttpClientHandler();
        return new(handler) { BaseAddress = new(Address) };
    }

    public HttpClient Anonymous() => new() { BaseAddress = new(Address) };

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }
}

/// <summary>What a consumer under test wrote down.</summary>
internal sealed class Handled
{
    public int Id { get; init; }

    public required string What { get; init; }

    public string? TraceId { get; init; }
}

internal sealed class TestContext(DbContextOptions<TestContext> options) : DbContext(options)
{
    public DbSet<Handled> Handled => Set<Handled>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Handled>().ToTable("Handled");
        modelBuilder.AddMessaging();
        modelBuilder.UseSnakeCase();
    }
}
