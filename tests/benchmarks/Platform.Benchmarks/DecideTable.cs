using System.Diagnostics;
using System.Globalization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Configuration;
using Npgsql;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Decisions;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults;
using Platform.Testing;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>
/// <c>decide-table</c>: every flag of a datafile for 1,000,000 users of a domain table, read from PostgreSQL, decided one after the other, and staged in PostgreSQL as the rows a sync goes on with.
/// The service's own classes, one thread of this process beside the database's.
/// </summary>
internal static class DecideTable
{
    private const double GoalSeconds = 30;

    public static async Task<Result> RunAsync(string[] options)
    {
        var rows = options is ["--users", var text] ? int.Parse(text, CultureInfo.InvariantCulture) : 1_000_000;
        var server = new PostgresServer();
        await server.InitializeAsync();
        await using var made = await server.CreateDatabaseAsync();
        await using var database = NpgsqlDataSource.Create(made.ConnectionString);
        await using (var context = new OptimizelyBrevoDbContext(new DbContextOptionsBuilder<OptimizelyBrevoDbContext>().UseNpgsql(made.ConnectionString).Options))
        {
            await context.Database.MigrateAsync();
        }

        await using (var create = database.CreateCommand($"""
            create schema domain;
            create table domain."Shop:Users" as select 'user-' || i || '@example.com' as visitor_id, case when i % 2 = 0 then 'f' else 'm' end as sex, i % 100 as age, 1::bigint as _load_id from generate_series(1, {rows}) i
            """))
        {
            create.CommandTimeout = 0;
            await create.ExecuteNonQueryAsync();
        }

        var datafile = await File.ReadAllTextAsync(Repository.PathOf("tests", "Platform.OptimizelyBrevo.Tests", "fixtures", "optimizely-datafiles", "generated", "rules.json"));
        var project = DatafileCompiler.Compile(System.Text.Encoding.UTF8.GetBytes(datafile));
        var source = new SourceTable { Table = "Shop:Users", Kind = SourceKind.Users, Attributes = new Dictionary<string, string> { ["sex"] = "a", ["age"] = "b" } };
        var settings = new ConnectionSettings
        {
            Optimizely = new() { CredentialId = "token", Projects = [new() { ProjectId = "2", SdkKeyCredentialId = "sdk" }] },
            Brevo = new() { CredentialId = "brevo" },
            Sources = [source],
        };
        var configuration = new ConfigurationBuilder().AddInMemoryCollection([new("ConnectionStrings:DomainTables", made.ConnectionString)]).Build();
        await using var tables = new DomainTables(configuration, new ServiceIdentity("decide-table"));
        using var self = Process.GetCurrentProcess();
        var (processor, watch) = (self.TotalProcessorTime, Stopwatch.StartNew());

        await using var staging = await SyncStaging.OpenAsync(database, CancellationToken.None);
        using var users = new UserCollector(settings, new() { Created = [], FeatureFlags = new("ENABLED_FEATURES", "text") }, new([project], null), TimeProvider.System.GetUtcNow());
        await foreach (var row in tables.ReadAsync(new(source, "", null, null), [source.UserId, .. source.Attributes.Keys], ["attributes"], CancellationToken.None))
        {
            await staging.AddAsync(users.Row(row, source, staging.Rows + 1), CancellationToken.None);
        }

        await staging.AddRetriesAsync("nobody", CancellationToken.None);
        var seconds = watch.Elapsed.TotalSeconds;
        self.Refresh();
        var used = (self.TotalProcessorTime - processor).TotalSeconds;
        if (staging.Rows != rows)
        {
            throw new InvalidOperationException($"{staging.Rows} of {rows} users were staged.");
        }

        return new()
        {
            Benchmark = "decide-table",
            Measured = string.Create(CultureInfo.InvariantCulture, $"{rows:N0} users of a domain table, {project.Flags.Count} flags each, from the query to the last staged row"),
            Yardstick = "the time allowed",
            MeasuredSeconds = seconds,
            YardstickSeconds = GoalSeconds,
            Goal = 1,
            Details = new Dictionary<string, object>
            {
                ["processorSecondsOfTheService"] = Math.Round(used, 2),
                ["usersPerSecond"] = Math.Round(rows / seconds),
                ["decisions"] = (long)rows * project.Flags.Count,
            },
        };
    }
}
