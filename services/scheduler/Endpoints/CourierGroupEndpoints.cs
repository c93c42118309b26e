using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Cron;
using Platform.Scheduler.Groups;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Runs;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler.Endpoints;

/// <summary>Courier groups (S1): define, list, look ahead.</summary>
internal static class CourierGroupEndpoints
{
    private const int MostPreviewed = 100;

    public static void MapCourierGroupEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/courier-groups").WithTags("courier groups").RequireAuthorization(Roles.Viewer);
        group.MapGet("/", ListAsync).WithName("ListCourierGroups").WithSummary("Lists courier groups by name.");
        group.MapGet("/{id}", GetAsync).WithName("GetCourierGroup").WithSummary("One courier group with its schedule in words and its next due times.").ProducesProblem(404);
        group.MapPost("/", CreateAsync).WithName("CreateCourierGroup").WithSummary("Creates a courier group.").RequireAuthorization(Roles.Operator).ProducesProblem(400).ProducesProblem(409);
        group.MapPut("/{id}", ReplaceAsync).WithName("ReplaceCourierGroup").WithSummary("Replaces a courier group's definition. Runs that are on keep the one they began with.")
            .RequireAuthorization(Roles.Operator).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
        group.MapDelete("/{id}", DeleteAsync).WithName("DeleteCourierGroup").WithSummary("Deletes a courier group; its run history stays. Runs that are on are cancelled. Couriers stay.")
            .RequireAuthorization(Roles.Operator).ProducesProblem(404).ProducesProblem(409);
        group.MapGet("/preview", Preview).WithName("PreviewSchedule").WithSummary("Explains a schedule in words and shows its next due times, without saving anything.").ProducesProblem(400);
    }

    private static async Task<Results<Ok<Page<GroupView>>, ProblemHttpResult>> ListAsync(
        SchedulerDbContext db, TimeProvider clock, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var groups = await db.CourierGroups.AsNoTracking().Where(row => row.DeletedAt == null && (after == null || string.Compare(row.Name, after) > 0))
            .OrderBy(row => row.Name).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<GroupView>.From(groups.ConvertAll(row => GroupView.Of(row, clock.GetUtcNow())), limit, view => view.Name));
    }

    private static async Task<Results<Ok<GroupView>, ProblemHttpResult>> GetAsync(string id, SchedulerDbContext db, TimeProvider clock, CancellationToken cancellationToken) =>
        await db.CourierGroups.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id && row.DeletedAt == null, cancellationToken) is { } group
            ? TypedResults.Ok(GroupView.Of(group, clock.GetUtcNow()))
            : GroupRefusals.Unknown(id).ToResult();

    private static async Task<Results<Created<GroupView>, ProblemHttpResult>> CreateAsync(
        GroupInput input, SchedulerDbContext db, GroupRules rules, TimeProvider clock, WorkSignal signal, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var (settings, problems) = await rules.CheckAsync(input, null, cancellationToken);
        if (settings is null)
        {
            return Refusal.Invalid("The courier group", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var group = new CourierGroup
        {
            Id = PublicId.Short("cg"),
            Name = input.Name!,
            Description = input.Description,
            Cron = input.Cron,
            TimeZone = input.TimeZone ?? "UTC",
            Enabled = input.Status == GroupStatus.Enabled,
            Settings = settings,
            Version = 1,
            CreatedAt = now,
            UpdatedAt = now,
        };
        Reschedule(group, now);
        db.CourierGroups.Add(group);
        if (await SaveAsync(db, transaction, group, clock, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        signal.Wake();
        return TypedResults.Created($"/api/courier-groups/{group.Id}", GroupView.Of(group, now, rules.Warnings));
    }

    private static async Task<Results<Ok<GroupView>, ProblemHttpResult>> ReplaceAsync(
        string id, GroupInput input, SchedulerDbContext db, GroupRules rules, GroupSteps steps, TimeProvider clock, WorkSignal signal, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);

        // Checked before the group is held, for the check waits for another service.
        var (settings, problems) = await rules.CheckAsync(input, id, cancellationToken);
        if (await steps.HoldAsync(id, cancellationToken) is not { DeletedAt: null } group)
        {
            return GroupRefusals.Unknown(id).ToResult();
        }

        if (settings is null)
        {
            return Refusal.Invalid("The courier group", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var before = (group.Cron, group.TimeZone, group.Enabled);
        (group.Name, group.Description, group.Cron, group.TimeZone) = (input.Name!, input.Description, input.Cron, input.TimeZone ?? "UTC");
        (group.Enabled, group.Settings, group.UpdatedAt) = (input.Status == GroupStatus.Enabled, settings, now);
        group.Version++;
        if (before != (group.Cron, group.TimeZone, group.Enabled))
        {
            Reschedule(group, now);
        }

        if (await SaveAsync(db, transaction, group, clock, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        signal.Wake();
        return TypedResults.Ok(GroupView.Of(group, now, rules.Warnings));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, SchedulerDbContext db, GroupSteps steps, RunTransitions transitions, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await steps.HoldAsync(id, cancellationToken) is not { DeletedAt: null } group)
        {
            return GroupRefusals.Unknown(id).ToResult();
        }

        var waiting = (await db.CourierGroups.AsNoTracking().Where(row => row.DeletedAt == null && row.Id != id).ToListAsync(cancellationToken))
            .FindAll(row => row.Settings.Constraints.Any(constraint => constraint.GroupId == id));
        if (waiting.Count > 0)
        {
            return GroupRefusals.WaitedFor(group.Name, waiting).ToResult();
        }

        foreach (var run in (await steps.ActiveRunsAsync([group], cancellationToken))[id])
        {
            transitions.Cancel(group, run, http.CallerName(), $"The group was deleted by {http.CallerName()}");
        }

        (group.DeletedAt, group.Enabled, group.NextSlot, group.DueAt) = (clock.GetUtcNow(), false, null, null);
        group.Version++;
        return await SaveAsync(db, transaction, group, clock, cancellationToken) is { } refusal ? refusal.ToResult() : TypedResults.NoContent();
    }

    private static Results<Ok<SchedulePreview>, ProblemHttpResult> Preview(TimeProvider clock, string? cron = null, string? timeZone = null, DateTimeOffset? from = null, int count = 10)
    {
        var now = clock.GetUtcNow();
        var problems = new List<FieldProblem>();
        if (cron is null)
        {
            problems.Add(new("cron", "Required: five crontab fields such as '30 8 * * *'."));
        }

        if (count is < 1 or > MostPreviewed)
        {
            problems.Add(new("count", $"Must be from 1 to {MostPreviewed}; {count} was given."));
        }

        if (from is { Year: < 1970 or > 2200 })
        {
            problems.Add(new("from", "Must be in the years 1970 to 2200."));
        }

        var (parsed, zone) = ScheduleInput.Check(cron, timeZone, now, problems, at: "");
        return problems.Count > 0
            ? Refusal.Invalid("The schedule", problems).ToResult()
            : TypedResults.Ok(new SchedulePreview(parsed!.Explain(), zone!.Id, NextRun.After(from ?? now, parsed!, zone, count)));
    }

    private static void Reschedule(CourierGroup group, DateTimeOffset now)
    {
        group.NextSlot = group.Enabled ? group.SlotAfter(now)?.ToUniversalTime() : null;

        // Too early a look costs nothing, and a run that is on may need it.
        group.DueAt = group.NextSlot is null || group.DueAt < group.NextSlot ? group.DueAt : group.NextSlot;
    }

    private static async Task<Refusal?> SaveAsync(SchedulerDbContext db, IDbContextTransaction transaction, CourierGroup group, TimeProvider clock, CancellationToken cancellationToken)
    {
        db.Publish(new CourierGroupChanged { GroupId = group.Id, Version = group.Version, Enabled = group.Enabled, Deleted = group.DeletedAt is not null }, clock);
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "ix_courier_groups_name" })
        {
            return GroupRefusals.NameTaken(group.Name);
        }
    }
}

/// <summary>A schedule in words, and its next due times.</summary>
internal sealed record SchedulePreview(string Words, string TimeZone, IReadOnlyList<NextRun> NextRuns);
