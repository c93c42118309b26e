using Npgsql;
using Platform.Gateway.Idempotency;

namespace Platform.Gateway.Persistence;

/// <summary>Deletes once an hour what has been kept long enough: answers of idempotent requests after a day, audit entries after <c>Audit:KeepDays</c> days (400).</summary>
internal sealed partial class Retention(NpgsqlDataSource database, IConfiguration configuration, TimeProvider clock, ILogger<Retention> logger) : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromHours(1);

    private readonly int _auditDays = configuration.GetValue("Audit:KeepDays", 400) is > 0 and var days
        ? days
        : throw new InvalidOperationException("The setting Audit:KeepDays must be at least 1.");

    /// <summary>Deletes what is due now.</summary>
    public async Task SweepAsync(CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand("""
            with answers as (delete from idempotent_requests where created_at < clock_timestamp() - $1)
            delete from audit_entries where at < clock_timestamp() - $2
            """);
        command.Parameters.Add(new() { Value = StoredAnswers.Kept });
        command.Parameters.Add(new() { Value = TimeSpan.FromDays(_auditDays) });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await SweepAsync(stoppingToken);
            }
            catch (NpgsqlException e)
            {
                SweepFailed(logger, e);
            }
        }
    }

    [LoggerMessage(EventId = 330, Level = LogLevel.Warning, Message = "Old audit entries and answers could not be deleted; trying again in an hour")]
    private static partial void SweepFailed(ILogger logger, Exception exception);
}
