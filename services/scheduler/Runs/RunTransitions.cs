using System.Globalization;
using Microsoft.Extensions.Options;
using Platform.Contracts.Couriers;
using Platform.Contracts.Feeds;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Cron;
using Platform.Scheduler.Groups;
using Platform.Scheduler.Notifications;
using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Scheduler.Runs;

/// <summary>
/// The state machine of a group's run: waiting → running → succeeded or failed, with skipped and cancelled on the way. Each change adds its event, notification and commands to the
/// transaction of the caller, who holds the group's row.
/// </summary>
internal sealed class RunTransitions(SchedulerDbContext database, TimeProvider clock, Announcements announcements, IOptions<SchedulerOptions> options)
{
    // Runs of this transaction of which no event has told yet.
    private readonly HashSet<string> _untold = [];

    /// <summary>Groups of which a run succeeded in this transaction: others may wait for it.</summary>
    public HashSet<string> SucceededGroups { get; } = [];

    public GroupRun Create(CourierGroup group, NewRun wanted)
    {
        var now = clock.GetUtcNow();
        var id = PublicId.Sequential("gr");
        var settings = group.Settings;
        var run = new GroupRun
        {
            Id = id,
            GroupId = group.Id,
            GroupName = group.Name,
            SlotKey = wanted.Trigger == GroupRunTrigger.Manual ? id : group.SlotKey(wanted.Slot),
            Slot = wanted.Slot.ToUniversalTime(),
            Trigger = wanted.Trigger,
            RunType = wanted.RunType ?? settings.RunType,
            State = GroupRunState.Waiting,
            RequestedBy = wanted.RequestedBy,
            Request = wanted.Request,
            Missed = wanted.Missed,
            Message = "Waits",
            Constraints = [.. settings.Constraints.Select(constraint => Check(group.Zone, constraint, wanted.Slot, now))],
            FinishDeadline = FinishDeadline(group, wanted.Slot),
            CreatedAt = now,
            TraceParent = System.Diagnostics.Activity.Current?.Id,
        };
        run.Couriers.AddRange(settings.Couriers.Select((courier, position) => new RunCourierRow
        {
            GroupRunId = id,
            CourierId = courier.CourierId,
            Position = position,
            Required = courier.Required,
            WhenMissing = courier.WhenMissing ?? settings.WhenMissing,
            Wait = courier.Wait ?? settings.Wait,
            Offset = courier.Offset ?? settings.Offset,
            State = CourierState.Pending,
        }));
        database.GroupRuns.Add(run);
        _untold.Add(id);
        return run;
    }

    /// <summary>Tells of a new run that stays as it is for now.</summary>
    public void TellOf(GroupRun run)
    {
        if (_untold.Contains(run.Id))
        {
            Tell(run, run.State);
        }
    }

    public void Wait(GroupRun run, string message) => run.Message = message;

    public void Start(CourierGroup group, GroupRun run)
    {
        var now = clock.GetUtcNow();
        run.StartedAt = now;
        run.DurationDeadline = now + group.Settings.Sla?.MaxDuration;
        run.Message = run.Missed > 0 ? $"Runs, also for {run.Missed} due times that were missed" : "Runs";
        Tell(run, GroupRunState.Running);
        var covered = group.Settings.OnlyPastDay ? null : group.CoveredThrough;
        foreach (var courier in run.Couriers)
        {
            PlanFiles(group, run, courier, covered, now);
            StartCourier(group, run, courier);
        }

        if (run.Request is null or { Date: null, Start: null })
        {
            var last = run.Couriers.Max(courier => courier.LastDay);
            group.CoveredThrough = group.CoveredThrough > last ? group.CoveredThrough : last;
        }
    }

    public void StartCourier(CourierGroup group, GroupRun run, RunCourierRow courier)
    {
        courier.CourierRunId = PublicId.Sequential("run");
        courier.State = CourierState.Running;
        courier.Attempts++;
        courier.NextTryAt = null;
        courier.Message = courier.Attempts == 1 ? "Started" : $"Started again, attempt {courier.Attempts}";
        var wait = courier.WaitUntil > clock.GetUtcNow() && !courier.GoesOnWithout;
        var oneDay = courier.FirstDay == courier.LastDay;
        database.Publish(new RunCourier
        {
            RunId = courier.CourierRunId,
            CourierId = courier.CourierId,
            Mode = oneDay ? RunMode.Day : RunMode.Period,
            Date = oneDay ? courier.FirstDay : null,
            Start = oneDay ? null : courier.FirstDay,
            End = oneDay ? null : courier.LastDay?.AddDays(1),
            AcceptFrom = courier.AcceptFrom,
            AcceptThrough = courier.AcceptFrom is null ? null : courier.AcceptThrough ?? run.Slot,
            FileTimeZone = group.FileZone.Id == "UTC" ? null : group.FileZone.Id,
            WaitUntil = wait ? courier.WaitUntil : null,
            IngestOnly = run.RunType == GroupRunType.Source,
            SkipMissingFiles = courier.GoesOnWithout,
            Force = run.Request?.Force ?? false,
            GroupRunId = run.Id,
            RequestedBy = $"courier group {group.Name}",
        }, clock);
    }

    public void CourierEnded(CourierGroup group, GroupRun run, RunCourierRow courier, CourierRunEnded ended)
    {
        courier.MissingFiles = ended.MissingFiles is { Count: > 0 } missing ? missing : null;
        courier.Files = ended.Files;
        courier.RowsRead = ended.Rows.Read;
        courier.Message = ended.Message;
        if (courier.State == CourierState.Held && ended.State == RunState.Succeeded)
        {
            // Approved after all, while the group was still on.
            (courier.State, courier.EndedAt) = (CourierState.Succeeded, ended.EndedAt);
            return;
        }

        if (courier.State != CourierState.Running)
        {
            // The group's run was over before; what became of the courier is kept for the record.
            courier.EndedAt ??= ended.EndedAt;
            return;
        }

        var now = clock.GetUtcNow();
        if (ended.State == RunState.Failed && courier.MissingFiles is not null && !courier.GoesOnWithout)
        {
            if (now < courier.WaitUntil)
            {
                courier.State = CourierState.WaitingForFiles;
                courier.NextTryAt = Earlier(now + options.Value.LateFilePoll, courier.WaitUntil.Value);
                courier.Message = $"Waits until {Clock(group, courier.WaitUntil.Value)} for {Named(courier.MissingFiles)}";
                return;
            }

            if (courier.WhenMissing == WhenMissing.Alert)
            {
                courier.GoesOnWithout = true;
                StartCourier(group, run, courier);
                return;
            }
        }

        courier.EndedAt = ended.EndedAt;
        courier.State = ended.State switch
        {
            RunState.Succeeded => CourierState.Succeeded,
            RunState.Cancelled => CourierState.Cancelled,
            _ => CourierState.Failed,
        };
        if (courier.MissingFiles is not null)
        {
            TellOfMissingFiles(group, run, courier);
        }
    }

    /// <summary>A load of the courier's run waits for a person: so does the group's run, or it goes on without the courier.</summary>
    public void CourierHeld(CourierGroup group, GroupRun run, RunCourierRow courier, FeedLoadHeld held)
    {
        if (courier.State != CourierState.Running)
        {
            return;
        }

        var goesOn = group.Settings.WhenHeld == WhenHeld.GoOn;
        courier.State = goesOn ? CourierState.Held : courier.State;
        courier.Message = $"Held: {held.Reason}";
        announcements.Raise(group, run, AlertEvent.Held, $"Courier {courier.CourierId}: the load into '{held.DomainTable}' is held; the run {(goesOn ? "goes on without it" : "waits for the decision")}.",
            held.Reason, $"Look at GET /api/loads/{held.LoadId}, then approve or reject it there.");
    }

    /// <summary>Ends the run when its couriers have ended, or when one that must not miss files does.</summary>
    public void FinishIfOver(CourierGroup group, GroupRun run)
    {
        var stopped = run.Couriers.FirstOrDefault(courier => courier is { State: CourierState.Failed, MissingFiles: not null, Required: true, WhenMissing: WhenMissing.Stop });
        if (stopped is null && !run.Couriers.TrueForAll(courier => courier.HasEnded))
        {
            return;
        }

        if (stopped is not null)
        {
            CancelCouriers(run, $"courier group {group.Name}", "Cancelled: a courier of the group misses files");
        }

        var failed = run.Couriers.Where(courier => courier is { Required: true, State: not (CourierState.Succeeded or CourierState.Held) }).ToList();
        var passedOver = run.Couriers.Count(courier => courier is { Required: false, State: not (CourierState.Succeeded or CourierState.Held) });
        var held = run.Couriers.Count(courier => courier.State == CourierState.Held);
        var took = Durations.Words(clock.GetUtcNow() - run.StartedAt!.Value);
        if (failed.Count == 0)
        {
            End(group, run, GroupRunState.Succeeded, $"Completed in {took}{(passedOver == 0 ? "" : $"; {passedOver} of the couriers that are not required did not complete")}{(held == 0 ? "" : $"; without {held} of the couriers, of which a load is held")}");
            SucceededGroups.Add(group.Id);
            return;
        }

        var first = stopped ?? failed.FirstOrDefault(courier => courier.State == CourierState.Failed) ?? failed[0];
        var others = failed.Count == 1 ? "" : $" ({failed.Count} of {run.Couriers.Count} couriers did not complete)";
        End(group, run, GroupRunState.Failed, $"Courier {first.CourierId}: {first.Message}{others}");
    }

    public void Cancel(CourierGroup group, GroupRun run, string by, string why)
    {
        CancelCouriers(run, by, "Cancelled with the run of the group");
        End(group, run, GroupRunState.Cancelled, why);
    }

    public void End(CourierGroup group, GroupRun run, GroupRunState state, string message)
    {
        run.EndedAt = clock.GetUtcNow();
        run.DueAt = null;
        run.Message = message;
        Tell(run, state);
        var succeeded = state == GroupRunState.Succeeded;
        database.Publish(new GroupRunEnded
        {
            GroupRunId = run.Id,
            GroupId = run.GroupId,
            State = state,
            RunType = run.RunType,
            RefreshDownstream = succeeded && run.RunType != GroupRunType.Source,
            SendDownstream = succeeded && run.RunType == GroupRunType.Full,
            Trigger = run.Trigger,
            Slot = run.Slot,
            Message = message,
            Couriers = [.. run.Couriers.OrderBy(courier => courier.Position).Select(courier => new EndedCourier
            {
                CourierId = courier.CourierId,
                RunId = courier.CourierRunId,
                Succeeded = courier.State == CourierState.Succeeded,
                Required = courier.Required,
                Held = courier.State == CourierState.Held ? true : null,
            })],
            StartedAt = run.StartedAt,
            EndedAt = run.EndedAt.Value,
        }, clock);
        var (about, whatToDo) = state switch
        {
            GroupRunState.Succeeded => (AlertEvent.Succeeded, ""),
            GroupRunState.Cancelled => (AlertEvent.Cancelled, $"Run the group again when it should run after all: POST /api/courier-groups/{group.Id}/runs."),
            GroupRunState.Skipped => (AlertEvent.Skipped, "Nothing, if runs may be left out. Else change the group's overlap or catchUp policy, or run it by hand."),
            _ => (AlertEvent.Failed, $"Mend what the courier's run names (GET /api/courier-runs/ID), then restart that run or run the group again: POST /api/courier-groups/{group.Id}/runs."),
        };
        announcements.Raise(group, run, about, $"The run of {Clock(group, run.Slot)} {Past(state)}.", message, whatToDo);
    }

    /// <summary>Tells once of each part of the service level that was broken.</summary>
    public void TellWhenOverdue(CourierGroup group, GroupRun run)
    {
        var now = clock.GetUtcNow();
        if (run.DurationDeadline <= now)
        {
            TellOverdue(group, run, run.DurationDeadline.Value, $"take at most {Durations.Words(run.DurationDeadline.Value - run.StartedAt!.Value)}");
            run.DurationDeadline = null;
        }

        if (run.FinishDeadline <= now)
        {
            TellOverdue(group, run, run.FinishDeadline.Value, $"finish by {Clock(group, run.FinishDeadline.Value)}");
            run.FinishDeadline = null;
        }
    }

    /// <summary>An instant as the group's people read it.</summary>
    public static string Clock(CourierGroup group, DateTimeOffset instant) =>
        $"{group.Zone.ToLocal(instant).ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture)} ({group.TimeZone})";

    private void PlanFiles(CourierGroup group, GroupRun run, RunCourierRow courier, DateOnly? covered, DateTimeOffset now)
    {
        courier.WaitUntil = courier.Wait > TimeSpan.Zero ? now + courier.Wait : null;
        courier.GoesOnWithout = (run.Request?.SkipMissingFiles ?? false) || (courier.WhenMissing == WhenMissing.Alert && courier.WaitUntil is null);
        var window = run.Request switch
        {
            { Date: { } date } => FileWindow.OfDays(date, date, courier.Offset, group.FileZone),
            { Start: { } start, End: { } end } => FileWindow.OfDays(start, end.AddDays(-1), courier.Offset, group.FileZone),
            _ => FileWindow.For(run.Slot, courier.Offset, group.Zone, group.FileZone, covered),
        };
        (courier.FirstDay, courier.LastDay) = (window.FirstDay, window.LastDay);
        (courier.AcceptFrom, courier.AcceptThrough) = (window.AcceptFrom.ToUniversalTime(), window.AcceptThrough.ToUniversalTime());
    }

    private void CancelCouriers(GroupRun run, string by, string message)
    {
        foreach (var courier in run.Couriers.Where(courier => !courier.HasEnded))
        {
            if (courier.State == CourierState.Running)
            {
                database.Publish(new CancelCourierRun { RunId = courier.CourierRunId!, RequestedBy = by }, clock);
            }

            courier.State = CourierState.Cancelled;
            courier.NextTryAt = null;
            courier.Message = message;
        }
    }

    private void TellOfMissingFiles(CourierGroup group, GroupRun run, RunCourierRow courier)
    {
        var stops = courier.State != CourierState.Succeeded;
        announcements.Raise(group, run, AlertEvent.Missing,
            $"Courier {courier.CourierId} misses {Named(courier.MissingFiles!)}; the run {(stops ? "stops" : "goes on without")}.",
            $"Files dated from {Day(courier.FirstDay)} through {Day(courier.LastDay)} were looked for{(courier.Wait > TimeSpan.Zero ? $" for {Durations.Words(courier.Wait)}" : "")}.",
            "Ask the owner of the source for the files, or give the courier a longer wait or offset if they come later or are dated earlier.");
    }

    private void TellOverdue(CourierGroup group, GroupRun run, DateTimeOffset deadline, string agreed)
    {
        run.Overdue = true;
        database.Publish(new GroupRunOverdue { GroupRunId = run.Id, GroupId = run.GroupId, Deadline = deadline, Agreed = agreed }, clock);
        announcements.Raise(group, run, AlertEvent.Overdue, $"The run of {Clock(group, run.Slot)} is not finished.", $"It was agreed to {agreed}. Now: {run.Message}.",
            $"Look at its couriers: GET /api/group-runs/{run.Id}. The run goes on.");
    }

    private void Tell(GroupRun run, GroupRunState to)
    {
        GroupRunState? from = _untold.Remove(run.Id) ? null : run.State;
        run.State = to;
        database.Publish(new GroupRunStateChanged { GroupRunId = run.Id, GroupId = run.GroupId, From = from, To = to, Message = run.Message, At = clock.GetUtcNow() }, clock);
    }

    private static ConstraintCheck Check(ZoneStretches zone, GroupConstraint constraint, DateTimeOffset slot, DateTimeOffset now)
    {
        var day = zone.DateOf(slot);
        var start = zone.InstantOf(day.ToDateTime(TimeOnly.MinValue)).ToUniversalTime();
        var end = zone.InstantOf(day.AddDays(1).ToDateTime(TimeOnly.MinValue)).ToUniversalTime();

        // A run that is caught up begins its wait when it begins itself.
        var begins = slot > now ? slot : now;
        var deadline = constraint.Wait is { } wait ? begins + wait : end > begins.AddHours(1) ? end : begins.AddHours(1);
        return new(constraint.GroupId, start - (constraint.Offset ?? TimeSpan.Zero), end, deadline.ToUniversalTime(), null);
    }

    private static DateTimeOffset? FinishDeadline(CourierGroup group, DateTimeOffset slot)
    {
        if (group.Settings.Sla?.FinishBy is not { } time)
        {
            return null;
        }

        var day = group.Zone.DateOf(slot);
        var deadline = group.Zone.InstantOf(day.ToDateTime(time));
        return (deadline > slot ? deadline : group.Zone.InstantOf(day.AddDays(1).ToDateTime(time))).ToUniversalTime();
    }

    private static DateTimeOffset Earlier(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;

    private static string Named(IReadOnlyList<string> files) => files.Count <= 3 ? string.Join(", ", files) : $"{string.Join(", ", files.Take(3))} and {files.Count - 3} more";

    private static string Day(DateOnly? day) => day?.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture) ?? "";

    private static string Past(GroupRunState state) => state switch
    {
        GroupRunState.Succeeded => "completed",
        GroupRunState.Skipped => "was skipped",
        GroupRunState.Cancelled => "was cancelled",
        _ => "failed",
    };
}

/// <summary>A run that is wanted. A null run type is the group's.</summary>
internal sealed record NewRun(DateTimeOffset Slot, GroupRunTrigger Trigger, string RequestedBy, GroupRunType? RunType = null, RunRequest? Request = null, int Missed = 0);
