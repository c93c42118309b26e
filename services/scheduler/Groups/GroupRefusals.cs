using Platform.ServiceDefaults;

namespace Platform.Scheduler.Groups;

/// <summary>What the service answers when it cannot do what was asked of a group or run.</summary>
internal static class GroupRefusals
{
    public static Refusal Unknown(string id) => Refusal.NotFound("courier group", id, "GET /api/courier-groups lists them.");

    public static Refusal UnknownRun(string id) => Refusal.NotFound("group run", id, "GET /api/group-runs lists them.");

    public static Refusal NameTaken(string name) =>
        Refusal.Conflict("name-taken", "The name is taken", $"There is a courier group '{name}' already. Choose another name, or change that group.");

    public static Refusal WaitedFor(string name, IReadOnlyList<CourierGroup> waiting) =>
        Refusal.Conflict("group-waited-for", "Other groups wait for this one",
            $"'{name}' is a constraint of {string.Join(", ", waiting.Select(group => $"'{group.Name}' ({group.Id})"))}. Remove the constraint there first.");

    public static Refusal AlreadyRunning(string name, string runId) =>
        Refusal.Conflict("group-already-running", "The group is running", $"The run {runId} of '{name}' has not ended and the group's overlap policy is skip. Wait for it, cancel it, or set the policy to queue.");

    public static Refusal AlreadyEnded(string runId, string state) =>
        Refusal.Conflict("run-already-ended", "The run has ended", $"The run {runId} is {state}; only a waiting or running one can be cancelled.");
}
