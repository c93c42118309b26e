using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Groups;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Runs;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler.Endpoints;

/// <summary>Runs of courier groups (S2): start by hand, follow, cancel, look back.</summary>
internal static class GroupRunEndpoints
{
    public static void MapGroupRunEndpoints(this WebApplication app)
    {
        app.MapPost("/api/courier-groups/{id}/runs", RunAsync).WithName("RunCourierGroup").WithTags("group runs").RequireAuthorization(Roles.Operator)
            .WithSummary("Runs a courier group now, enabled or not. Without a date or period it looks for the files a run due now would: the group's offset holds.")
            .ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
        var runs = app.MapGroup("/api/group-runs").WithTags("group runs").RequireAuthorization(Roles.Viewer);
        runs.MapGet("/", ListAsync).WithName("ListGroupRuns").WithSummary("Lists runs of courier groups, the newest first.");
        runs.MapGet("/{id}", GetAsync).WithName("GetGroupRun").WithSummary("One run of a courier group with its couriers.").ProducesProblem(404);
        runs.MapPost("/{id}/cancel", CancelAsync).WithName("CancelGroupRun").WithSummary("Cancels a run and the courier runs that belong to it.")
            .RequireAuthorization(Roles.Operator).ProducesProblem(404).ProducesProblem(409);
    }

    private static async Task<Results<Accepted<GroupRunView>, ProblemHttpResult>> RunAsync(
        string id, GroupRunInput? input, SchedulerDbContext db, GroupSteps steps, RunTransitions transitions, TimeProvider clock, WorkSignal signal, HttpContext http, CancellationToken cancellationToken)
    {
        input ??= new();
        if (input.Problems() is { Count: > 0 } problems)
        {
            return Refusal.Invalid("The run", problems).ToResult();
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await steps.HoldAsync(id, cancellationToken) is not { DeletedAt: null } group)
        {
            return GroupRefusals.Unknown(id).ToResult();
        }

        var active = await steps.ActiveRunsAsync([group], cancellationToken);
        var line = active[id].ToList();
        if (line.Count > 0 && group.Settings.Overlap == OverlapPolicy.Skip)
        {
            // Someone is there to be told, so nothing is recorded as skipped.
            return GroupRefusals.AlreadyRunning(group.Name, line[0].Id).ToResult();
        }

        var caller = http.CallerName();
        var run = transitions.Create(group, new(clock.GetUtcNow(), GroupRunTrigger.Manual, caller, input.RunType,
            new(input.Date, input.Start, input.End, input.Force ?? false, input.SkipMissingFiles ?? false)));
        steps.Join(group, run, line, caller);
        await steps.AdvanceAsync([group], line.ToLookup(_ => id), cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Accepted($"/api/group-runs/{run.Id}", GroupRunView.Of(run));
    }

    private static async Task<Results<Ok<Page<GroupRunView>>, ProblemHttpResult>> ListAsync(
        SchedulerDbContext db, CancellationToken cancellationToken, string? groupId = null, QueryWord<GroupRunState>? state = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var wanted = state?.Value;

        // Ids sort by the time they were made.
        var runs = await db.GroupRuns.AsNoTracking().Include(run => run.Couriers)
            .Where(run => (groupId == null || run.GroupId == groupId) && (wanted == null || run.State == wanted) && (after == null || string.Compare(run.Id, after) < 0))
            .OrderByDescending(run => run.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<GroupRunView>.From(runs.ConvertAll(GroupRunView.Of), limit, view => view.Id));
    }

    private static async Task<Results<Ok<GroupRunView>, ProblemHttpResult>> GetAsync(string id, SchedulerDbContext db, CancellationToken cancellationToken) =>
        await db.GroupRuns.AsNoTracking().Include(run => run.Couriers).SingleOrDefaultAsync(run => run.Id == id, cancellationToken) is { } run
            ? TypedResults.Ok(GroupRunView.Of(run))
            : GroupRefusals.UnknownRun(id).ToResult();

    private static async Task<Results<Ok<GroupRunView>, ProblemHttpResult>> CancelAsync(
        string id, SchedulerDbContext db, GroupSteps steps, RunTransitions transitions, WorkSignal signal, HttpContext http, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var groupId = await db.GroupRuns.Where(run => run.Id == id).Select(run => run.GroupId).SingleOrDefaultAsync(cancellationToken);
        if (groupId is null || await steps.HoldAsync(groupId, cancellationToken) is not { } group)
        {
            return GroupRefusals.UnknownRun(id).ToResult();
        }

        var active = await steps.ActiveRunsAsync([group], cancellationToken);
        if (active[groupId].SingleOrDefault(run => run.Id == id) is not { } run)
        {
            var state = await db.GroupRuns.Where(ended => ended.Id == id).Select(ended => ended.State).SingleAsync(cancellationToken);
            return GroupRefusals.AlreadyEnded(id, state.ToString().ToLowerInvariant()).ToResult();
        }

        transitions.Cancel(group, run, http.CallerName(), $"Cancelled by {http.CallerName()}");
        await steps.AdvanceAsync([group], active, cancellationToken);
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Ok(GroupRunView.Of(run));
    }
}

/// <summary>What a run by hand asks for. Without `date`, or `start` (inclusive) and `end` (exclusive), it looks for the files a run due now would.</summary>
internal sealed record GroupRunInput(GroupRunType? RunType = null, DateOnly? Date = null, DateOnly? Start = null, DateOnly? End = null, bool? Force = null, bool? SkipMissingFiles = null)
{
    public List<FieldProblem> Problems()
    {
        var problems = new List<FieldProblem>();
        if (Date is not null && (Start is not null || End is not null))
        {
            problems.Add(new("$.date", "Give either date, or start and end."));
        }

        if (Start is null != End is null)
        {
            problems.Add(new(Start is null ? "$.start" : "$.end", "Required: a period has start (inclusive) and end (exclusive)."));
        }

        if (Start >= End)
        {
            problems.Add(new("$.end", $"Must be after start: the end is exclusive, so one day is from {Start:yyyy-MM-dd} to {Start?.AddDays(1):yyyy-MM-dd}."));
        }

        return problems;
    }
}
