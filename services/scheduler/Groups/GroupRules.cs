using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Clients;
using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults;

namespace Platform.Scheduler.Groups;

/// <summary>Checks a group as it is sent to the API and makes settings of it, reporting every problem at once.</summary>
internal sealed class GroupRules(SchedulerDbContext database, CouriersClient couriers, TimeProvider clock)
{
    private const int MostCouriers = 500;
    private const int MostConstraints = 50;
    private static readonly TimeSpan DefaultOffset = TimeSpan.FromDays(1);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);
    private static readonly TimeSpan LongestOffset = TimeSpan.FromDays(366);

    /// <summary>Things that are allowed and that a person should know.</summary>
    public List<string> Warnings { get; } = [];

    /// <summary>The settings, or null with the problems. <paramref name="groupId"/> is null for a new group. Holds the constraints of all groups still until the transaction ends.</summary>
    public async Task<(GroupSettings? Settings, List<FieldProblem> Problems)> CheckAsync(GroupInput input, string? groupId, CancellationToken cancellationToken)
    {
        var problems = new List<FieldProblem>();
        CheckName(input, problems);
        ScheduleInput.Check(input.Cron, input.TimeZone, clock.GetUtcNow(), problems);
        if (input.Cron is null && input.Status == GroupStatus.Enabled)
        {
            Warnings.Add("The group is enabled and has no cron: it runs by hand only.");
        }

        var settings = new GroupSettings
        {
            Couriers = Couriers(input.Couriers ?? [], problems),
            Constraints = Constraints(input.Constraints ?? [], groupId, problems),
            Wait = Duration(input.Wait, "$.wait", LongestWait, problems) ?? TimeSpan.Zero,
            Offset = Duration(input.Offset, "$.offset", LongestOffset, problems) ?? DefaultOffset,
            WhenMissing = input.WhenMissing ?? WhenMissing.Stop,
            WhenHeld = input.WhenHeld ?? WhenHeld.Wait,
            FileDates = input.FileDates ?? FileDates.Utc,
            OnlyPastDay = input.OnlyPastDay ?? false,
            Overlap = input.Overlap ?? OverlapPolicy.Skip,
            CatchUp = input.CatchUp ?? CatchUpPolicy.One,
            Sla = Sla(input.Sla, problems),
            RunType = input.RunType ?? GroupRunType.Full,
            Alerts = new(input.Alerts?.Channels ?? [], input.Alerts?.On ?? [AlertEvent.Failed, AlertEvent.Missing, AlertEvent.Overdue, AlertEvent.Held]),
        };
        await CheckCouriersAsync(settings, problems, cancellationToken);
        await CheckConstraintsAsync(input.Name ?? "", settings, groupId, problems, cancellationToken);
        await CheckChannelsAsync(settings, problems, cancellationToken);
        return (problems.Count == 0 ? settings : null, problems);
    }

    private static void CheckName(GroupInput input, List<FieldProblem> problems)
    {
        if (string.IsNullOrWhiteSpace(input.Name) || input.Name.Length > 200)
        {
            problems.Add(new("$.name", "Required: 1 to 200 characters."));
        }

        if (input.Description?.Length > 2000)
        {
            problems.Add(new("$.description", $"Has {input.Description.Length} characters; at most 2000."));
        }
    }

    private static List<GroupCourier> Couriers(IReadOnlyList<GroupCourierInput?> inputs, List<FieldProblem> problems)
    {
        if (inputs.Count is 0 or > MostCouriers)
        {
            problems.Add(new("$.couriers", $"Has {inputs.Count} couriers; expected 1 to {MostCouriers}."));
        }

        var couriers = new List<GroupCourier>();
        foreach (var (i, input) in inputs.Take(MostCouriers).Index())
        {
            var path = $"$.couriers[{i}]";
            if (string.IsNullOrWhiteSpace(input?.CourierId) || input.CourierId.Length > 100)
            {
                problems.Add(new($"{path}.courierId", "Required: the id of a courier, for example cr-k3f9ax2m."));
                continue;
            }

            if (couriers.Exists(known => known.CourierId == input.CourierId))
            {
                problems.Add(new($"{path}.courierId", $"'{input.CourierId}' is in the list already; a courier runs once in a group."));
                continue;
            }

            couriers.Add(new(input.CourierId, input.Required ?? true, Duration(input.Wait, $"{path}.wait", LongestWait, problems),
                Duration(input.Offset, $"{path}.offset", LongestOffset, problems), input.WhenMissing));
        }

        return couriers;
    }

    private static List<GroupConstraint> Constraints(IReadOnlyList<GroupConstraintInput?> inputs, string? groupId, List<FieldProblem> problems)
    {
        if (inputs.Count > MostConstraints)
        {
            problems.Add(new("$.constraints", $"Has {inputs.Count} constraints; expected at most {MostConstraints}."));
        }

        var constraints = new List<GroupConstraint>();
        foreach (var (i, input) in inputs.Take(MostConstraints).Index())
        {
            var path = $"$.constraints[{i}]";
            var problem = string.IsNullOrWhiteSpace(input?.GroupId) ? "Required: the id of a courier group, for example cg-k3f9ax2m."
                : input.GroupId == groupId ? "A group cannot wait for itself."
                : constraints.Exists(known => known.GroupId == input.GroupId) ? $"'{input.GroupId}' is in the list already."
                : null;
            if (problem is not null)
            {
                problems.Add(new($"{path}.groupId", problem));
                continue;
            }

            constraints.Add(new(input!.GroupId!, Duration(input.Wait, $"{path}.wait", LongestWait, problems), Duration(input.Offset, $"{path}.offset", LongestOffset, problems)));
        }

        return constraints;
    }

    private static ServiceLevel? Sla(ServiceLevelInput? input, List<FieldProblem> problems)
    {
        if (input is null)
        {
            return null;
        }

        var longest = Duration(input.MaxDuration, "$.sla.maxDuration", LongestOffset, problems);
        if (longest == TimeSpan.Zero)
        {
            problems.Add(new("$.sla.maxDuration", "Must be longer than nothing."));
        }

        if (input.MaxDuration is null && input.FinishBy is null)
        {
            problems.Add(new("$.sla", "Expected maxDuration, finishBy or both; leave sla out for none."));
        }

        return new(longest, input.FinishBy);
    }

    private static TimeSpan? Duration(string? text, string path, TimeSpan longest, List<FieldProblem> problems)
    {
        if (text is null)
        {
            return null;
        }

        if (!Durations.TryParse(text, out var value))
        {
            problems.Add(new(path, $"'{text}' is no length of time; expected {Durations.Grammar}."));
            return null;
        }

        if (value > longest)
        {
            problems.Add(new(path, $"'{text}' is too long; at most {Durations.Words(longest)}."));
        }

        return value;
    }

    private async Task CheckCouriersAsync(GroupSettings settings, List<FieldProblem> problems, CancellationToken cancellationToken)
    {
        if (settings.Couriers.Count == 0)
        {
            return;
        }

        var missing = await couriers.MissingAsync([.. settings.Couriers.Select(courier => courier.CourierId)], cancellationToken);
        if (missing is null)
        {
            Warnings.Add("Whether the couriers exist could not be checked now; a run names those that do not.");
            return;
        }

        foreach (var (i, courier) in settings.Couriers.Index().Where(item => missing.Contains(item.Item.CourierId)))
        {
            problems.Add(new($"$.couriers[{i}].courierId", $"There is no courier '{courier.CourierId}'; it may have been deleted. GET /api/couriers lists them."));
        }
    }

    private async Task CheckConstraintsAsync(string name, GroupSettings settings, string? groupId, List<FieldProblem> problems, CancellationToken cancellationToken)
    {
        if (settings.Constraints.Count == 0)
        {
            return;
        }

        // Two changes at once could each be fine and together make a cycle: one at a time.
        await database.Database.ExecuteSqlAsync($"select pg_advisory_xact_lock(hashtext('courier group constraints'))", cancellationToken);
        var groups = await database.CourierGroups.AsNoTracking().Where(group => group.DeletedAt == null)
            .Select(group => new { group.Id, group.Name, group.Settings }).ToDictionaryAsync(group => group.Id, cancellationToken);
        foreach (var (i, constraint) in settings.Constraints.Index())
        {
            var path = $"$.constraints[{i}].groupId";
            if (!groups.ContainsKey(constraint.GroupId))
            {
                problems.Add(new(path, $"There is no courier group '{constraint.GroupId}'. GET /api/courier-groups lists them."));
            }
            else if (groupId is not null && PathTo(groupId, constraint.GroupId, id => groups.TryGetValue(id, out var group) ? group.Settings.Constraints : []) is { } cycle)
            {
                var names = cycle.Select(id => groups[id].Name).Prepend(name);
                problems.Add(new(path, $"The groups would wait for each other in a circle: {string.Join(" → ", names.Select(each => $"'{each}'"))} → '{name}'."));
            }
        }
    }

    /// <summary>The groups on the way from one to another along the constraints, without the end; null when there is no way.</summary>
    private static List<string>? PathTo(string end, string start, Func<string, IReadOnlyList<GroupConstraint>> constraintsOf)
    {
        var cameFrom = new Dictionary<string, string?>(StringComparer.Ordinal) { [start] = null };
        var open = new Queue<string>([start]);
        while (open.TryDequeue(out var at))
        {
            foreach (var next in constraintsOf(at).Select(constraint => constraint.GroupId))
            {
                if (next == end)
                {
                    var path = new List<string>();
                    for (string? step = at; step is not null; step = cameFrom[step])
                    {
                        path.Insert(0, step);
                    }

                    return path;
                }

                if (cameFrom.TryAdd(next, at))
                {
                    open.Enqueue(next);
                }
            }
        }

        return null;
    }

    private async Task CheckChannelsAsync(GroupSettings settings, List<FieldProblem> problems, CancellationToken cancellationToken)
    {
        if (settings.Alerts.Channels.Count == 0)
        {
            return;
        }

        var wanted = settings.Alerts.Channels;
        var known = await database.AlertChannels.AsNoTracking().Where(channel => wanted.Contains(channel.Id)).Select(channel => channel.Id).ToListAsync(cancellationToken);
        foreach (var (i, channel) in wanted.Index().Where(item => !known.Contains(item.Item)))
        {
            problems.Add(new($"$.alerts.channels[{i}]", $"There is no alert channel '{channel}'. GET /api/alert-channels lists them."));
        }
    }
}
