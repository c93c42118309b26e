using System.Text.Json;
using Platform.OptimizelyBrevo.Decisions;

namespace Platform.OptimizelyBrevo.Connections;

/// <summary>
/// Flags and audiences of all projects of a connection for one user after the other. A flag key that several projects have is decided by the first of them.
/// Not for use by two threads.
/// </summary>
internal sealed class Evaluation
{
    private readonly DecisionUser[] _users;
    private readonly (int User, Flag Flag)[] _flags;
    private readonly (int User, Audience Audience)[] _audiences;
    private readonly List<string> _names = [];

    public Evaluation(IReadOnlyList<Project> projects, IReadOnlyCollection<string>? flags)
    {
        _users = [.. projects.Select(project => new DecisionUser(project))];
        _flags = [.. projects.SelectMany((project, i) => project.Flags.Select(flag => (i, flag)))
            .Where(each => flags is null || flags.Contains(each.flag.Key, StringComparer.Ordinal)).DistinctBy(each => each.flag.Key, StringComparer.Ordinal)];
        _audiences = [.. projects.SelectMany((project, i) => project.Audiences.Select(audience => (i, audience))).DistinctBy(each => each.audience.Name, StringComparer.Ordinal)];
    }

    public IReadOnlyList<DecisionUser> Users => _users;

    public void Begin(string userId)
    {
        foreach (var user in _users)
        {
            user.Begin(userId);
        }
    }

    public void Set(string name, AttributeValue value)
    {
        foreach (var user in _users)
        {
            user.Set(name, value);
        }
    }

    /// <summary>Sets an attribute; <c>$opt_experiment_bucket_map</c> keeps the user in the variations it names.</summary>
    public void Set(string name, JsonElement value)
    {
        if (name == DecisionUser.StickyAttribute)
        {
            foreach (var user in _users)
            {
                user.Stick(value);
            }
        }

        Set(name, AttributeValue.Of(value));
    }

    /// <summary>Sets the attributes of a JSON object, or of Optimizely's list of <c>{"name", "value"}</c>. Anything else has none.</summary>
    public void Set(JsonElement attributes)
    {
        if (attributes.ValueKind == JsonValueKind.Object)
        {
            foreach (var attribute in attributes.EnumerateObject())
            {
                Set(attribute.Name, attribute.Value);
            }
        }
        else if (attributes.ValueKind == JsonValueKind.Array)
        {
            foreach (var attribute in attributes.EnumerateArray())
            {
                if (attribute.ValueKind == JsonValueKind.Object && attribute.TryGetProperty("name", out var name) && name.ValueKind == JsonValueKind.String && attribute.TryGetProperty("value", out var value))
                {
                    Set(name.GetString()!, value);
                }
            }
        }
    }

    public IEnumerable<FlagDecision> Decide()
    {
        foreach (var (user, flag) in _flags)
        {
            yield return DecisionEngine.Decide(flag, _users[user]);
        }
    }

    /// <summary>Keys of the flags that are on for the user, in the datafile's order. The list is used again for the next user.</summary>
    public IReadOnlyList<string> EnabledFlags()
    {
        _names.Clear();
        foreach (var (user, flag) in _flags)
        {
            if (DecisionEngine.Decide(flag, _users[user]).Enabled)
            {
                _names.Add(flag.Key);
            }
        }

        return _names;
    }

    /// <summary>Names of the audiences the user is in. The list is used again for the next user, and by <see cref="EnabledFlags"/>.</summary>
    public IReadOnlyList<string> Segments()
    {
        _names.Clear();
        foreach (var (user, audience) in _audiences)
        {
            if (audience.Condition.Evaluate(_users[user]) == Truth.True)
            {
                _names.Add(audience.Name);
            }
        }

        return _names;
    }
}
