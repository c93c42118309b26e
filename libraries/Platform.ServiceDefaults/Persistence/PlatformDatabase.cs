using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Npgsql;

namespace Platform.ServiceDefaults.Persistence;

/// <summary>One PostgreSQL database per service: control data through EF Core, the data path through the same <see cref="NpgsqlDataSource"/> with SQL.</summary>
public static class PlatformDatabase
{
    private const int DefaultPoolSize = 10;

    /// <summary>Registers the data source and <typeparamref name="TContext"/> for the connection string <c>Database</c>, and readiness with it.</summary>
    public static WebApplicationBuilder AddPlatformDatabase<TContext>(this WebApplicationBuilder builder)
        where TContext : DbContext
    {
        builder.Services.AddSingleton(services =>
        {
            var text = services.GetRequiredService<IConfiguration>().GetConnectionString("Database")
                ?? throw new InvalidOperationException("The connection string 'Database' is missing (setting ConnectionStrings:Database).");
            var service = services.GetRequiredService<ServiceIdentity>().Name;
            var connection = new NpgsqlConnectionStringBuilder(text) { ApplicationName = service, Timezone = "UTC" };
            if (!connection.ContainsKey("Maximum Pool Size") || connection.MaxPoolSize == 100)
            {
                connection.MaxPoolSize = DefaultPoolSize;
            }

            // The name stands in traces and metrics, in place of the connection string.
            return new NpgsqlDataSourceBuilder(connection.ConnectionString) { Name = service }.Build();
        });
        builder.Services.AddDbContext<TContext>((services, options) => options.UseNpgsql(services.GetRequiredService<NpgsqlDataSource>()));
        builder.Services.AddHealthChecks().AddCheck<Reachable>("database");
        return builder;
    }

    /// <summary>Tables, columns, keys and indexes in snake case. Call it last in <c>OnModelCreating</c>.</summary>
    public static void UseSnakeCase(this ModelBuilder model)
    {
        foreach (var entity in model.Model.GetEntityTypes())
        {
            if (!entity.IsOwned())
            {
                entity.SetTableName(ToSnakeCase(entity.GetTableName()!));
            }

            foreach (var property in entity.GetProperties())
            {
                property.SetColumnName(ToSnakeCase(property.Name));
            }

            foreach (var key in entity.GetKeys())
            {
                key.SetName(ToSnakeCase(key.GetName()!));
            }

            foreach (var foreignKey in entity.GetForeignKeys())
            {
                foreignKey.SetConstraintName(ToSnakeCase(foreignKey.GetConstraintName()!));
            }

            foreach (var index in entity.GetIndexes())
            {
                index.SetDatabaseName(ToSnakeCase(index.GetDatabaseName()!));
            }
        }
    }

    private static string ToSnakeCase(string name)
    {
        var text = new StringBuilder(name.Length + 8);
        for (var i = 0; i < name.Length; i++)
        {
            if (char.IsUpper(name[i]) && i > 0 && name[i - 1] != '_' && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1]))))
            {
                text.Append('_');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }

    private sealed class Reachable(NpgsqlDataSource database) : IHealthCheck
    {
        public async Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken)
        {
            try
            {
                await using var command = database.CreateCommand("select 1");
                await command.ExecuteScalarAsync(cancellationToken);
                return HealthCheckResult.Healthy();
            }
            catch (NpgsqlException e)
            {
                return HealthCheckResult.Unhealthy("The database does not answer.", e);
            }
        }
    }
}
