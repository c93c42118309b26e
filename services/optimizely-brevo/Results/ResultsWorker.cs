using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Results;

/// <summary>
/// Looks at experiments' results in the background (O2): they take half a minute and more, so nobody waits for them. Each instance takes a row that is due by moving its
/// time on; a crash in between costs one interval.
/// </summary>
internal sealed partial class ResultsWorker(IServiceScopeFactory scopes, NpgsqlDataSource database, IOptions<PartnerOptions> options, TimeProvider clock, ILogger<ResultsWorker> logger) : BackgroundService
{
    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(2);

    private const string Claim = """
        update experiments as e set results_due_at = clock_timestamp() + $1
        where (e.connection_id, e.experiment_id) = (
            select x.connection_id, x.experiment_id from experiments x join connections c on c.id = x.connection_id and c.enabled
            where x.results_due_at <= clock_timestamp() order by x.results_due_at limit 1 for update of x skip locked)
        returning e.connection_id, e.experiment_id
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var worked = false;
            try
            {
                worked = await LookAtOneAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e) when (e is NpgsqlException or DbUpdateException or PartnerException or InternalCallException or HttpRequestException or TimeoutException)
            {
                Failed(logger, e, e.Message);
            }

            if (!worked)
            {
                await Task.Delay(Idle, clock, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task<bool> LookAtOneAsync(CancellationToken cancellationToken)
    {
        string connectionId, experimentId;
        await using (var claim = database.CreateCommand(Claim))
        {
            claim.Parameters.Add(new() { Value = options.Value.ResultsAge });
            await using var reader = await claim.ExecuteReaderAsync(cancellationToken);
            if (!await reader.ReadAsync(cancellationToken))
            {
                return false;
            }

            (connectionId, experimentId) = (reader.GetString(0), reader.GetString(1));
        }

        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<OptimizelyBrevoDbContext>();
        var connection = await db.Connections.AsNoTracking().SingleAsync(row => row.Id == connectionId, cancellationToken);
        var experiment = await db.Experiments.SingleAsync(row => row.ConnectionId == connectionId && row.ExperimentId == experimentId, cancellationToken);
        var (state, results) = await scope.ServiceProvider.GetRequiredService<OptimizelyClient>().GetResultsAsync(connection.Settings.Optimizely.CredentialId, experimentId, cancellationToken);
        await ApplyAsync(db, connection, experiment, state, results, cancellationToken);
        return true;
    }

    private async Task ApplyAsync(OptimizelyBrevoDbContext db, Connection connection, ExperimentInfo experiment, ResultsState state, JsonElement? results, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        if (state == ResultsState.Computing)
        {
            experiment.ResultsDueAt = now + options.Value.ResultsPoll;
        }
        else if (results is { } ready)
        {
            var text = ready.GetRawText();
            var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            var last = await db.ResultSnapshots.AsNoTracking().Where(row => row.ConnectionId == connection.Id && row.ExperimentId == experiment.ExperimentId)
                .OrderByDescending(row => row.FetchedAt).Select(row => row.Hash).FirstOrDefaultAsync(cancellationToken);
            if (last != hash)
            {
                db.ResultSnapshots.Add(new() { ConnectionId = connection.Id, ExperimentId = experiment.ExperimentId, FetchedAt = now, Hash = hash, Results = text });
            }

            if (experiment.Status == "concluded")
            {
                // Final: not looked at again. Only now is there a winner, for a running experiment's leader may still lose.
                experiment.ResultsDueAt = null;
                experiment.WinnerKey = ResultsReading.Winner(ResultsReading.Metrics(ready), connection.Settings.Winners.Significance) is { } winner
                    ? winner.VariationId is { } id && experiment.Variations.TryGetValue(id, out var key) ? key : winner.Name ?? winner.VariationId
                    : null;
            }
        }

        await db.SaveChangesAsync(cancellationToken);
    }

    [LoggerMessage(EventId = 740, Level = LogLevel.Warning, Message = "Results could not be looked at: {Reason}")]
    private static partial void Failed(ILogger logger, Exception exception, string reason);
}
