using System.Text.Json;

namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>
/// Turns a datafile's audiences into trees of <see cref="Condition"/>. Whatever it does not know (a new condition type or matcher, a value of the wrong type)
/// becomes "unknown", never an error: datafiles may be newer than this code.
/// </summary>
internal sealed class ConditionCompiler
{
    private const int MaxDepth = 64;
    private readonly Dictionary<string, int> _slots = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Condition> _audiences = new(StringComparer.Ordinal);

    /// <summary>Position of each attribute that some condition reads.</summary>
    public IReadOnlyDictionary<string, int> Slots => _slots;

    /// <summary>Adds an audience; a later one of the same id wins, so typed audiences are added last.</summary>
    public void AddAudience(string id, JsonElement conditions) => _audiences[id] = Compile(Unwrap(conditions), Leaf, 0);

    /// <summary>The audiences of an experiment or rule: <paramref name="conditions"/> when it has them, else any of <paramref name="ids"/>; null for everyone.</summary>
    public Condition? CompileTargeting(JsonElement conditions, IReadOnlyList<string>? ids)
    {
        conditions = Unwrap(conditions);
        if (conditions.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null or JsonValueKind.False || (conditions.ValueKind == JsonValueKind.String && conditions.GetString() is ""))
        {
            return ids is null or [] ? null : new Or([.. ids.Select(Audience)]);
        }

        return conditions.ValueKind == JsonValueKind.Array && conditions.GetArrayLength() == 0 ? null : Compile(conditions, AudienceLeaf, 0);
    }

    private Condition AudienceLeaf(JsonElement leaf) => leaf.ValueKind == JsonValueKind.String ? Audience(leaf.GetString()!) : Constant.Unknown;

    public Condition Audience(string id) => _audiences.GetValueOrDefault(id, Constant.Unknown);

    // Older datafiles carry conditions as JSON inside a string.
    private static JsonElement Unwrap(JsonElement conditions)
    {
        if (conditions.ValueKind != JsonValueKind.String || conditions.GetString() is not ['[' or '{' or ' ', ..] text)
        {
            return conditions;
        }

        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw new DatafileException($"An audience's conditions are not well-formed JSON: {e.Message}");
        }
    }

    private static Condition Compile(JsonElement node, Func<JsonElement, Condition> leaf, int depth)
    {
        if (depth > MaxDepth)
        {
            throw new DatafileException($"An audience's conditions are nested more than {MaxDepth} deep.");
        }

        if (node.ValueKind != JsonValueKind.Array)
        {
            return leaf(node);
        }

        // A list of ids without an operator means "or". Of one that begins with a condition or a list the SDK leaves out the first, and so must we.
        var first = node.EnumerateArray().FirstOrDefault();
        var name = first.ValueKind == JsonValueKind.String ? first.GetString() : null;
        var beginsWithOperand = name is not (null or "and" or "or" or "not");
        var operands = node.EnumerateArray().Skip(beginsWithOperand ? 0 : 1).Select(child => Compile(child, leaf, depth + 1)).ToArray();
        return name switch
        {
            "and" => operands is [var only] ? only : new And(operands),
            "not" => operands is [var negated, ..] ? new Not(negated) : Constant.Unknown,
            _ => operands is [var only] ? only : new Or(operands),
        };
    }

    private Condition Leaf(JsonElement leaf)
    {
        if (leaf.ValueKind != JsonValueKind.Object)
        {
            return Constant.Unknown;
        }

        var value = leaf.TryGetProperty("value", out var given) ? AttributeValue.Of(given) : default;
        var match = !leaf.TryGetProperty("match", out var matcher) ? null : matcher.ValueKind == JsonValueKind.String ? matcher.GetString() : "";
        return Text(leaf, "type") switch
        {
            "third_party_dimension" when match is null or "qualified" => value.Kind == AttributeKind.Text ? new Qualified(value.Text!) : Constant.False,
            "custom_attribute" when Text(leaf, "name") is { } name => OnAttribute(Slot(name), match ?? "exact", value),
            _ => Constant.Unknown,
        };
    }

    private static Condition OnAttribute(int slot, string match, AttributeValue value) => (match, value.Kind) switch
    {
        ("exists", _) => new Exists(slot),
        ("exact", AttributeKind.Text or AttributeKind.Boolean) => new Exact(slot, value),
        ("exact", AttributeKind.Number) when value.IsSafeNumber => new Exact(slot, value),
        ("substring", AttributeKind.Text) => new Substring(slot, value.Text!),
        ("gt", AttributeKind.Number) when value.IsSafeNumber => new Ordered(slot, Order.Greater, value.Number),
        ("ge", AttributeKind.Number) when value.IsSafeNumber => new Ordered(slot, Order.GreaterOrEqual, value.Number),
        ("lt", AttributeKind.Number) when value.IsSafeNumber => new Ordered(slot, Order.Less, value.Number),
        ("le", AttributeKind.Number) when value.IsSafeNumber => new Ordered(slot, Order.LessOrEqual, value.Number),
        ("semver_eq", AttributeKind.Text) => new VersionOrdered(slot, Order.Equal, value.Text!),
        ("semver_gt", AttributeKind.Text) => new VersionOrdered(slot, Order.Greater, value.Text!),
        ("semver_ge", AttributeKind.Text) => new VersionOrdered(slot, Order.GreaterOrEqual, value.Text!),
        ("semver_lt", AttributeKind.Text) => new VersionOrdered(slot, Order.Less, value.Text!),
        ("semver_le", AttributeKind.Text) => new VersionOrdered(slot, Order.LessOrEqual, value.Text!),
        _ => Constant.Unknown,
    };

    private int Slot(string name)
    {
        if (!_slots.TryGetValue(name, out var slot))
        {
            slot = _slots.Count;
            _slots.Add(name, slot);
        }

        return slot;
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
