using Platform.Contracts.Scheduler;
using Platform.Scheduler.Cron;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Groups;

/// <summary>A courier group as the API shows it.</summary>
internal sealed record GroupView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public string? Cron { get; init; }

    /// <summary>The schedule in words.</summary>
    public required string Schedule { get; init; }

    public required string TimeZone { get; init; }

    public required GroupStatus Status { get; init; }

    /// <summary>The next ten due times, whether the group is enabled or not.</summary>
    public required IReadOnlyList<NextRun> NextRuns { get; init; }

    public required IReadOnlyList<GroupCourierView> Couriers { get; init; }

    public required IReadOnlyList<GroupConstraintView> Constraints { get; init; }

    public required string Wait { get; init; }

    public required string Offset { get; init; }

    public required WhenMissing WhenMissing { get; init; }

    public required WhenHeld WhenHeld { get; init; }

    public required FileDates FileDates { get; init; }

    public required bool OnlyPastDay { get; init; }

    public required OverlapPolicy Overlap { get; init; }

    public required CatchUpPolicy CatchUp { get; init; }

    public ServiceLevelView? Sla { get; init; }

    public required GroupRunType RunType { get; init; }

    public required GroupAlertsView Alerts { get; init; }

    /// <summary>Counts the changes from 1.</summary>
    public required int Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Allowed, but worth knowing.</summary>
    public IReadOnlyList<string>? Warnings { get; init; }

    public static GroupView Of(CourierGroup group, DateTimeOffset now, IReadOnlyList<string>? warnings = null)
    {
        var settings = group.Settings;
        var cron = group.Cron is null ? null : CronParser.Parse(group.Cron, out _);
        return new()
        {
            Id = group.Id,
            Name = group.Name,
            Description = group.Description,
            Cron = group.Cron,
            Schedule = cron is null ? "By hand only" : $"{cron.Explain()} ({group.TimeZone})",
            TimeZone = group.TimeZone,
            Status = group.Enabled ? GroupStatus.Enabled : GroupStatus.Disabled,
            NextRuns = cron is null ? [] : NextRun.After(now, cron, group.Zone, 10),
            Couriers = [.. settings.Couriers.Select(courier => new GroupCourierView(courier.CourierId, courier.Required,
                Durations.Words(courier.Wait ?? settings.Wait), Durations.Words(courier.Offset ?? settings.Offset), courier.WhenMissing ?? settings.WhenMissing))],
            Constraints = [.. settings.Constraints.Select(constraint => new GroupConstraintView(constraint.GroupId,
                constraint.Wait is { } wait ? Durations.Words(wait) : null, Durations.Words(constraint.Offset ?? TimeSpan.Zero)))],
            Wait = Durations.Words(settings.Wait),
            Offset = Durations.Words(settings.Offset),
            WhenMissing = settings.WhenMissing,
            WhenHeld = settings.WhenHeld,
            FileDates = settings.FileDates,
            OnlyPastDay = settings.OnlyPastDay,
            Overlap = settings.Overlap,
            CatchUp = settings.CatchUp,
            Sla = settings.Sla is null ? null : new(settings.Sla.MaxDuration is { } longest ? Durations.Words(longest) : null, settings.Sla.FinishBy),
            RunType = settings.RunType,
            Alerts = new(settings.Alerts.Channels, settings.Alerts.On),
            Version = group.Version,
            CreatedAt = group.CreatedAt,
            UpdatedAt = group.UpdatedAt,
            Warnings = warnings is { Count: > 0 } ? warnings : null,
        };
    }
}

/// <summary>A courier of a group, with the values that apply to it.</summary>
internal sealed record GroupCourierView(string CourierId, bool Required, string Wait, string Offset, WhenMissing WhenMissing);

/// <summary>A constraint; without a wait it is awaited until the day ends.</summary>
internal sealed record GroupConstraintView(string GroupId, string? Wait, string Offset);

/// <summary>What is agreed about a run's end.</summary>
internal sealed record ServiceLevelView(string? MaxDuration, TimeOnly? FinishBy);

/// <summary>Which events go to which alert channels.</summary>
internal sealed record GroupAlertsView(IReadOnlyList<string> Channels, IReadOnlyList<AlertEvent> On);

/// <summary>A due time: the instant, the local time of the zone, and a note where a clock change shifts or doubles it.</summary>
internal sealed record NextRun(DateTimeOffset At, DateTimeOffset Local, string? Note)
{
    public static List<NextRun> After(DateTimeOffset after, CronExpression cron, ZoneStretches zone, int count)
    {
        var runs = new List<NextRun>(count);
        for (var next = cron.Next(after, zone); next is { } local && runs.Count < count; next = cron.Next(local, zone))
        {
            runs.Add(new(local.ToUniversalTime(), local, Remark(local, zone)));
        }

        return runs;
    }

    private static string? Remark(DateTimeOffset local, ZoneStretches zone)
    {
        var stretch = zone.At(local.UtcDateTime);
        var before = zone.At(stretch.Start.AddTicks(-1));
        if (local.UtcDateTime == stretch.Start && before.Offset < stretch.Offset)
        {
            return $"the clock goes forward by {Durations.Words(stretch.Offset - before.Offset)}: times of the gap run now";
        }

        var repeats = stretch.RepeatsUntil > local.DateTime && before.Offset > stretch.Offset;
        var next = zone.At(stretch.End);
        var willRepeat = next.Offset < stretch.Offset && local.DateTime >= stretch.End + next.Offset;
        return repeats ? "second pass of an hour that occurs twice" : willRepeat ? "first pass of an hour that occurs twice" : null;
    }
}
