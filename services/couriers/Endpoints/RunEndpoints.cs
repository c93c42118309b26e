using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

internal static class RunEndpoints
{
    public static void MapCourierRuns(this WebApplication app)
    {
        app.MapPost("/api/couriers/{id}/runs", Start).RequireAuthorization(Roles.Operator).WithTags("courier-runs")
            .WithName("RunCourier").WithSummary("Run a courier for a day, a period, or all available data");
        var runs = app.MapGroup("/api/courier-runs").RequireAuthorization(Roles.Viewer).WithTags("courier-runs");
        runs.MapGet("", List).WithName("ListCourierRuns").WithSummary("Runs, newest first");
        runs.MapGet("/{id}", Get).WithName("GetCourierRun").WithSummary("State, progress and outcome of a run");
        runs.MapGet("/{id}/files", ListFiles).WithName("ListCourierRunFiles").WithSummary("The files of a run in load order");
        runs.MapPost("/{id}/cancel", Cancel).RequireAuthorization(Roles.Operator).WithName("CancelCourierRun").WithSummary("Cancel a run in any phase");
        runs.MapPost("/{id}/restart", Restart).RequireAuthorization(Roles.Operator).WithName("RestartCourierRun").WithSummary("Restart a failed run from the step that failed, without pulling again");
    }

    internal static Refusal UnknownRun(string id) => Refusal.NotFound("courier run", id, "GET /api/courier-runs lists them.");

    private static async Task<Results<Accepted<RunView>, ProblemHttpResult>> Start(
        string id, RunInput input, CouriersDbContext context, RunSignal signal, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var (window, problems) = RunWindows.Read(input, now);
        problems = [.. RunRequests.Check(input.Mode, input.Date, input.Start, input.End), .. problems, .. RunRequests.CheckThreshold(input.ErrorThresholdPercent)];
        if (problems.Count > 0)
        {
            return Refusal.Invalid("The run", problems).ToResult();
        }

        var name = await context.Couriers.Where(courier => courier.Id == id).Select(courier => courier.Name).SingleOrDefaultAsync(cancellationToken);
        if (name is null)
        {
            return CourierEndpoints.UnknownCourier(id).ToResult();
        }

        var run = new CourierRun
        {
            Id = PublicId.Sequential("run"),
            CourierId = id,
            CourierName = name,
            Mode = input.Mode!.Value,
            Date = input.Date,
            PeriodStart = input.Start,
            PeriodEnd = input.End,
            AcceptFrom = window.From,
            AcceptThrough = window.Through,
            FileTimeZone = input.TimeZone,
            WaitUntil = window.WaitUntil,
            IngestOnly = input.IngestOnly,
            SkipMissingFiles = input.SkipMissingFiles,
            Force = input.Force,
            ErrorThresholdPercent = input.ErrorThresholdPercent,
            RequestedBy = http.CallerName(),
            RequestedAt = now,
            TraceParent = Activity.Current?.Id,
        };
        context.Runs.Add(run);
        await context.SaveChangesAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Accepted($"/api/courier-runs/{run.Id}", RunView.Of(run, []));
    }

    private static async Task<Results<Ok<Page<RunView>>, ProblemHttpResult>> List(
        CouriersDbContext context, CancellationToken cancellationToken, string? courierId = null, QueryWord<RunState>? state = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var wanted = state?.Value;
        var runs = await context.Runs.AsNoTracking()
            .Where(run => (courierId == null || run.CourierId == courierId) && (wanted == null || run.State == wanted) && (after == null || string.Compare(run.Id, after) < 0))
            .OrderByDescending(run => run.Id).Take(limit + 1).ToListAsync(cancellationToken);
        var ids = runs.Select(run => run.Id).ToArray();
        var loads = (await context.RunLoads.AsNoTracking().Where(load => ids.Contains(load.RunId)).OrderBy(load => load.LoadNo).ToListAsync(cancellationToken)).ToLookup(load => load.RunId);
        return TypedResults.Ok(Page<RunView>.From([.. runs.Select(run => RunView.Of(run, [.. loads[run.Id]]))], limit, run => run.Id));
    }

    private static async Task<Results<Ok<RunView>, ProblemHttpResult>> Get(string id, CouriersDbContext context, CancellationToken cancellationToken) =>
        await context.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellationToken) is { } run
            ? TypedResults.Ok(await ViewAsync(run, context, cancellationToken))
            : UnknownRun(id).ToResult();

    private static async Task<Results<Ok<Page<RunFileView>>, ProblemHttpResult>> ListFiles(
        string id, CouriersDbContext context, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, int after = 0)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        if (!await context.Runs.AnyAsync(run => run.Id == id, cancellationToken))
        {
            return UnknownRun(id).ToResult();
        }

        var files = await context.RunFiles.AsNoTracking().Where(file => file.RunId == id && file.FileNo > after).OrderBy(file => file.FileNo).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<RunFileView>.From([.. files.Select(RunFileView.Of)], limit, RunFileView.Cursor));
    }

    private static async Task<Results<Accepted<RunView>, ProblemHttpResult>> Cancel(
        string id, CouriersDbContext context, RunSignal signal, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var run = await context.LockRunAsync(id, cancellationToken);
        if (run is null)
        {
            return UnknownRun(id).ToResult();
        }

        if (run.IsFinal)
        {
            return Refusal.Conflict("run-ended", "The run has ended", $"The run '{id}' has ended already ({run.State.ToString().ToLowerInvariant()}); there is nothing to cancel.").ToResult();
        }

        await context.CancelAsync(run, clock, cancellationToken);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Stop(id);
        signal.Wake();
        return TypedResults.Accepted($"/api/courier-runs/{id}", await ViewAsync(run, context, cancellationToken));
    }

    private static async Task<Results<Accepted<RunView>, ProblemHttpResult>> Restart(
        string id, RestartInput? input, CouriersDbContext context, RunSignal signal, CancellationToken cancellationToken)
    {
        if (RunRequests.CheckThreshold(input?.ErrorThresholdPercent).ToArray() is { Length: > 0 } problems)
        {
            return Refusal.Invalid("The restart", problems).ToResult();
        }

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var run = await context.LockRunAsync(id, cancellationToken);
        if (run is null)
        {
            return UnknownRun(id).ToResult();
        }

        if (run.State is not (RunState.Failed or RunState.Cancelled))
        {
            return Refusal.Conflict("run-not-failed", "The run has not failed",
                $"The run '{id}' is {run.State.ToString().ToLowerInvariant()}; only a failed or cancelled run can be restarted. Start a new one with POST /api/couriers/{run.CourierId}/runs.").ToResult();
        }

        if (!await context.Couriers.AnyAsync(courier => courier.Id == run.CourierId, cancellationToken))
        {
            return Refusal.Conflict("courier-deleted", "The courier is gone", $"The courier '{run.CourierName}' ({run.CourierId}) was deleted; its runs cannot be restarted.").ToResult();
        }

        run.Restart(input?.ErrorThresholdPercent);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Accepted($"/api/courier-runs/{id}", await ViewAsync(run, context, cancellationToken));
    }

    internal static async Task<RunView> ViewAsync(CourierRun run, CouriersDbContext context, CancellationToken cancellationToken) =>
        RunView.Of(run, await context.RunLoads.AsNoTracking().Where(load => load.RunId == run.Id).OrderBy(load => load.LoadNo).ToListAsync(cancellationToken));
}
