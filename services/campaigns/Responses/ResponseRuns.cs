using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Persistence;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Responses;

/// <summary>Asks the courier for imports. A request said twice is one run: its id is chosen here.</summary>
internal sealed class ResponseRuns(CampaignsDbContext context, ResponseSetUp setUp, TimeProvider clock)
{
    /// <summary>Who asks for the daily imports.</summary>
    public const string Schedule = "schedule";

    /// <summary>Adds an import to what there is to do; it becomes a fact with the context's next save.</summary>
    public static ResponseRun Request(CampaignsDbContext context, ResponseImport import, bool force, string requestedBy, TimeProvider clock)
    {
        var run = new ResponseRun { Id = PublicId.Sequential("run"), ConnectionId = import.Id, Force = force, RequestedAt = clock.GetUtcNow(), RequestedBy = requestedBy };
        context.ResponseRuns.Add(run);
        return run;
    }

    /// <summary>There is more to do for these imports: the worker looks once more, even if it is looking now.</summary>
    public static Task MoreWorkAsync(CampaignsDbContext context, string importId, CancellationToken cancellationToken) => context.Database.ExecuteSqlAsync(
        $"update response_imports set work = work + 1, not_before = clock_timestamp() where id = {importId}", cancellationToken);

    /// <summary>Starts the imports that were asked for. When the connection has changed meanwhile, courier and feeds follow it first.</summary>
    public async Task StartAsync(ResponseImport import, CancellationToken cancellationToken)
    {
        var runs = await context.ResponseRuns.Where(run => run.ConnectionId == import.Id && run.State == ResponseRunState.Requested).OrderBy(run => run.RequestedAt).ToListAsync(cancellationToken);
        if (runs.Count == 0)
        {
            return;
        }

        var connection = await context.Connections.AsNoTracking().SingleAsync(row => row.Id == import.Id, cancellationToken);
        if (import.SetUpFor != connection.UpdatedAt && await FollowAsync(import, connection, cancellationToken) is { } refusal)
        {
            foreach (var run in runs)
            {
                (run.State, run.Message, run.EndedAt) = (ResponseRunState.Failed, refusal, clock.GetUtcNow());
            }
        }
        else
        {
            foreach (var run in runs)
            {
                run.State = ResponseRunState.Running;
                context.Publish(CommandOf(run, import, connection.Settings), clock);
            }
        }

        await context.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Why courier and feeds cannot follow the connection; null when they did.</summary>
    private async Task<string?> FollowAsync(ResponseImport import, Connection connection, CancellationToken cancellationToken)
    {
        try
        {
            import.Feeds = await setUp.EnsureAsync(connection, import.Settings, import.CourierId, cancellationToken);
            (import.Source, import.SetUpFor, import.WavesPut) = (connection.Settings.ResponseSource, connection.UpdatedAt, null);
            return null;
        }
        catch (InternalCallException e) when (Dispatches.FailureClassifier.Classify(e).Category != FailureCategory.Environment)
        {
            return $"The connection was changed, and the import cannot be set up for it: {e.Message} See PUT /api/campaigns/connections/{connection.Id}/responses.";
        }
    }

    private static RunCourier CommandOf(ResponseRun run, ResponseImport import, CampaignConnectionSettings connection)
    {
        var zone = import.Settings.ZoneOf(connection);
        return new()
        {
            RunId = run.Id,
            CourierId = import.CourierId,
            Mode = RunMode.Day,
            Date = DateOnly.FromDateTime(TimeZoneInfo.ConvertTime(run.RequestedAt, TimeZoneInfo.FindSystemTimeZoneById(zone)).DateTime),

            // The window takes what is new: files that were loaded as they are stay out.
            AcceptFrom = run.RequestedAt.AddDays(-import.Settings.LookBackDays),
            AcceptThrough = run.RequestedAt,
            FileTimeZone = zone,
            Force = run.Force,
            RequestedBy = run.RequestedBy,
        };
    }
}
