using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Groups;
using Platform.Scheduler.Persistence;
using Platform.Scheduler.Slots;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Runs;

/// <summary>
/// Takes groups as far as they can go now: makes runs of the slots that are due, starts the run at the head of each group's line, tries waiting couriers again, ends what is over.
/// The caller holds the groups' rows, saves and commits.
/// </summary>
internal sealed partial class GroupSteps(
    SchedulerDbContext database, RunTransitions transitions, TimeProvider clock, IOptions<SchedulerOptions> options, ILogger<GroupSteps> logger)
{
    private static readonly TimeSpan BrokenGroupRest = TimeSpan.FromMinutes(1);

    /// <summary>Locks the group's row for this transaction; null when there is no such group.</summary>
    public async Task<CourierGroup?> HoldAsync(string groupId, CancellationToken cancellationToken) =>
        (await database.CourierGroups.FromSql($"select * from courier_groups where id = {groupId} for update").ToListAsync(cancellationToken)).SingleOrDefault();

    /// <summary>The runs of the groups that have not ended, in the order they go.</summary>
    public async Task<ILookup<string, GroupRun>> ActiveRunsAsync(IReadOnlyList<CourierGroup> groups, CancellationToken cancellationToken)
    {
        var ids = groups.Select(group => group.Id).ToList();
        var runs = await database.GroupRuns.Include(run => run.Couriers)
            .Where(run => ids.Contains(run.GroupId) && (run.State == GroupRunState.Waiting || run.State == GroupRunState.Running))
            .OrderBy(run => run.CreatedAt).ThenBy(run => run.Slot).ToListAsync(cancellationToken);
        return runs.ToLookup(run => run.GroupId);
    }

    public async Task AdvanceAsync(IReadOnlyList<CourierGroup> groups, ILookup<string, GroupRun> active, CancellationToken cancellationToken)
    {
        var lines = new List<(CourierGroup Group, List<GroupRun> Line)>(groups.Count);
        var planned = new List<(CourierGroup Group, DueSlots Due)>(groups.Count);
        foreach (var group in groups)
        {
            if (Plan(group) is { } due)
            {
                planned.Add((group, due));
            }
        }

        var taken = await TakenSlotsAsync(planned, cancellationToken);
        foreach (var (group, due) in planned)
        {
            var line = active[group.Id].Where(run => run.IsActive).ToList();
            using (Telemetry.Source.StartActivity("group step"))
            {
                MakeRuns(group, due, line, taken);
            }

            lines.Add((group, line));
        }

        var succeeded = await RunsWaitedForAsync(lines.SelectMany(line => line.Line), cancellationToken);
        foreach (var (group, line) in lines)
        {
            Advance(group, line, succeeded);
        }
    }

    private DueSlots? Plan(CourierGroup group)
    {
        var now = clock.GetUtcNow();
        if (group.NextSlot is not { } next)
        {
            return new([], 0, null, null);
        }

        try
        {
            return DueSlots.UpTo(now, next, group.SlotAfter, group.Settings.CatchUp, options.Value.Grace);
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidOperationException)
        {
            // One group that cannot be understood must not stop the others.
            BrokenGroup(logger, e, group.Id);
            group.DueAt = now + BrokenGroupRest;
            return null;
        }
    }

    private async Task<HashSet<(string, string)>> TakenSlotsAsync(List<(CourierGroup Group, DueSlots Due)> planned, CancellationToken cancellationToken)
    {
        // Rows exist before their slot only after a change of the clock or of the schedule: one query tells for all.
        var groups = new List<string>();
        var keys = new List<string>();
        foreach (var (group, due) in planned)
        {
            foreach (var slot in due.Used)
            {
                groups.Add(group.Id);
                keys.Add(group.SlotKey(slot.Slot));
            }
        }

        if (groups.Count == 0)
        {
            return [];
        }

        var taken = await database.Database.SqlQuery<TakenSlot>(
            $"select r.group_id as \"GroupId\", r.slot_key as \"SlotKey\" from group_runs r join unnest({groups}, {keys}) as w(group_id, slot_key) on r.group_id = w.group_id and r.slot_key = w.slot_key")
            .ToListAsync(cancellationToken);
        return [.. taken.Select(slot => (slot.GroupId, slot.SlotKey))];
    }

    private void MakeRuns(CourierGroup group, DueSlots due, List<GroupRun> line, HashSet<(string, string)> taken)
    {
        group.NextSlot = due.Next?.ToUniversalTime();
        if (due is { GivenUp: > 0, LastGivenUp: { } last } && !taken.Contains((group.Id, group.SlotKey(last))))
        {
            var skipped = transitions.Create(group, new(last, GroupRunTrigger.CatchUp, "schedule", Missed: due.GivenUp - 1));
            transitions.End(group, skipped, GroupRunState.Skipped,
                $"{due.GivenUp} due {(due.GivenUp == 1 ? "time" : "times")} up to {RunTransitions.Clock(group, last)} passed while no scheduler was running; the group's catch-up policy is none");
        }

        foreach (var slot in due.Used)
        {
            // Sub-minute offsets aside, two slots of one transaction never share a key; the set guards against it all the same.
            if (!taken.Add((group.Id, group.SlotKey(slot.Slot))))
            {
                continue;
            }

            var run = transitions.Create(group, new(slot.Slot, slot.Trigger, "schedule", Missed: slot.Missed));
            Join(group, run, line, by: "schedule", queueAnyway: slot.Trigger == GroupRunTrigger.CatchUp && group.Settings.CatchUp == CatchUpPolicy.All);
        }
    }

    /// <summary>Puts a new run in the group's line by the overlap policy; false when that means it is skipped.</summary>
    public bool Join(CourierGroup group, GroupRun run, List<GroupRun> line, string by, bool queueAnyway = false)
    {
        if (line.Count > 0 && group.Settings.Overlap == OverlapPolicy.Skip && !queueAnyway)
        {
            transitions.End(group, run, GroupRunState.Skipped, $"The run of {RunTransitions.Clock(group, line[0].Slot)} had not ended ({line[0].Id}); the group's overlap policy is skip");
            return false;
        }

        if (group.Settings.Overlap == OverlapPolicy.CancelPrevious && !queueAnyway)
        {
            foreach (var earlier in line)
            {
                transitions.Cancel(group, earlier, by, $"The run of {RunTransitions.Clock(group, run.Slot)} takes its place ({run.Id}); the group's overlap policy is cancelPrevious");
            }

            line.Clear();
        }

        line.Add(run);
        return true;
    }

    private void Advance(CourierGroup group, List<GroupRun> line, ILookup<string, FinishedRun> succeeded)
    {
        var now = clock.GetUtcNow();
        while (line.Count > 0)
        {
            var head = line[0];
            if (head.State == GroupRunState.Waiting)
            {
                StartIfMet(group, head, succeeded, now);
            }

            if (head.State == GroupRunState.Running)
            {
                foreach (var courier in head.Couriers.Where(courier => courier.State == CourierState.WaitingForFiles && courier.NextTryAt <= now))
                {
                    transitions.StartCourier(group, head, courier);
                }

                transitions.FinishIfOver(group, head);
            }

            if (head.IsActive)
            {
                break;
            }

            line.RemoveAt(0);
        }

        foreach (var run in line)
        {
            if (run != line[0])
            {
                // The same words however the line moves on: a long line is not written anew with every run that ends.
                transitions.Wait(run, "Waits for earlier runs of the group to end");
            }

            transitions.TellOf(run);
            transitions.TellWhenOverdue(group, run);
            run.DueAt = NextLook(run, isHead: run == line[0], now);
        }

        group.DueAt = Earliest([group.NextSlot, .. line.Select(run => run.DueAt)]);
    }

    private void StartIfMet(CourierGroup group, GroupRun run, ILookup<string, FinishedRun> succeeded, DateTimeOffset now)
    {
        if (run.Constraints.Exists(check => check.MetBy is null))
        {
            run.Constraints = [.. run.Constraints.Select(check => check.MetBy is not null ? check
                : check with { MetBy = succeeded[check.GroupId].FirstOrDefault(other => other.Slot >= check.From && other.Slot < check.Through)?.Id })];
        }

        var open = run.Constraints.Where(check => check.MetBy is null).ToList();
        if (open.Count == 0)
        {
            transitions.Start(group, run);
            return;
        }

        var first = open.MinBy(check => check.Deadline)!;
        var waitsFor = $"a run of group {first.GroupId} with a slot from {RunTransitions.Clock(group, first.From)} to {RunTransitions.Clock(group, first.Through)}";
        if (first.Deadline <= now)
        {
            transitions.End(group, run, GroupRunState.Failed, $"No success of {waitsFor} came until {RunTransitions.Clock(group, first.Deadline)}");
            return;
        }

        transitions.Wait(run, $"Waits until {RunTransitions.Clock(group, first.Deadline)} for {waitsFor}");
    }

    private DateTimeOffset? NextLook(GroupRun run, bool isHead, DateTimeOffset now)
    {
        IEnumerable<DateTimeOffset?> looks = [run.DurationDeadline, run.FinishDeadline];
        if (isHead && run.State == GroupRunState.Waiting)
        {
            looks = looks.Concat(run.Constraints.Where(check => check.MetBy is null).Select(check => (DateTimeOffset?)check.Deadline)).Append(now + options.Value.ConstraintPoll);
        }

        return Earliest(looks.Concat(run.Couriers.Where(courier => courier.State == CourierState.WaitingForFiles).Select(courier => courier.NextTryAt)));
    }

    private async Task<ILookup<string, FinishedRun>> RunsWaitedForAsync(IEnumerable<GroupRun> line, CancellationToken cancellationToken)
    {
        var open = line.Where(run => run.State == GroupRunState.Waiting).SelectMany(run => run.Constraints).Where(check => check.MetBy is null).ToList();
        if (open.Count == 0)
        {
            return Array.Empty<FinishedRun>().ToLookup(run => run.GroupId);
        }

        var ids = open.Select(check => check.GroupId).Distinct().ToList();
        var from = open.Min(check => check.From);
        var runs = await database.GroupRuns.AsNoTracking()
            .Where(run => ids.Contains(run.GroupId) && run.Slot >= from && run.State == GroupRunState.Succeeded)
            .OrderBy(run => run.Slot).Select(run => new FinishedRun(run.Id, run.GroupId, run.Slot)).ToListAsync(cancellationToken);
        return runs.ToLookup(run => run.GroupId);
    }

    private static DateTimeOffset? Earliest(IEnumerable<DateTimeOffset?> instants) => instants.Min();

    private sealed record FinishedRun(string Id, string GroupId, DateTimeOffset Slot);

    private sealed record TakenSlot(string GroupId, string SlotKey);

    [LoggerMessage(EventId = 500, Level = LogLevel.Error, Message = "Courier group {GroupId} cannot be scheduled; it is looked at again in a minute")]
    private static partial void BrokenGroup(ILogger logger, Exception exception, string groupId);
}
