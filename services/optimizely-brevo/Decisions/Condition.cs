namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>A node of a compiled audience. Immutable, shared by all threads.</summary>
internal abstract class Condition
{
    public abstract Truth Evaluate(DecisionUser user);
}

internal sealed class Constant(Truth truth) : Condition
{
    public static Constant True { get; } = new(Truth.True);

    public static Constant False { get; } = new(Truth.False);

    public static Constant Unknown { get; } = new(Truth.Unknown);

    public override Truth Evaluate(DecisionUser user) => truth;
}

internal sealed class And(Condition[] operands) : Condition
{
    public override Truth Evaluate(DecisionUser user)
    {
        var result = Truth.True;
        foreach (var operand in operands)
        {
            switch (operand.Evaluate(user))
            {
                case Truth.False:
                    return Truth.False;
                case Truth.Unknown:
                    result = Truth.Unknown;
                    break;
            }
        }

        return result;
    }
}

internal sealed class Or(Condition[] operands) : Condition
{
    public override Truth Evaluate(DecisionUser user)
    {
        var result = Truth.False;
        foreach (var operand in operands)
        {
            switch (operand.Evaluate(user))
            {
                case Truth.True:
                    return Truth.True;
                case Truth.Unknown:
                    result = Truth.Unknown;
                    break;
            }
        }

        return result;
    }
}

internal sealed class Not(Condition operand) : Condition
{
    public override Truth Evaluate(DecisionUser user) => operand.Evaluate(user) switch
    {
        Truth.True => Truth.False,
        Truth.False => Truth.True,
        _ => Truth.Unknown,
    };
}

/// <summary>The user is a member of a segment of Optimizely's data platform.</summary>
internal sealed class Qualified(string segment) : Condition
{
    public override Truth Evaluate(DecisionUser user) => Truths.Of(user.Segments?.Contains(segment) == true);
}

internal sealed class Exists(int slot) : Condition
{
    public override Truth Evaluate(DecisionUser user) => Truths.Of(user.Attribute(slot).Kind is not (AttributeKind.Absent or AttributeKind.Null));
}

internal sealed class Exact(int slot, AttributeValue expected) : Condition
{
    public override Truth Evaluate(DecisionUser user)
    {
        ref readonly var value = ref user.Attribute(slot);
        if (value.Kind != expected.Kind)
        {
            return Truth.Unknown;
        }

        return value.Kind switch
        {
            AttributeKind.Text => Truths.Of(string.Equals(value.Text, expected.Text, StringComparison.Ordinal)),
            AttributeKind.Boolean => Truths.Of(value.Number == expected.Number),
            AttributeKind.Number when value.IsSafeNumber => Truths.Of(value.Number == expected.Number),
            _ => Truth.Unknown,
        };
    }
}

internal sealed class Substring(int slot, string part) : Condition
{
    public override Truth Evaluate(DecisionUser user)
    {
        ref readonly var value = ref user.Attribute(slot);
        return value.Kind == AttributeKind.Text ? Truths.Of(value.Text!.Contains(part, StringComparison.Ordinal)) : Truth.Unknown;
    }
}

internal enum Order : byte
{
    Less,
    LessOrEqual,
    Equal,
    GreaterOrEqual,
    Greater,
}

internal static class Orders
{
    /// <summary>Whether <paramref name="comparison"/> (below 0, 0, above 0) satisfies the order.</summary>
    public static bool Holds(this Order order, int comparison) => order switch
    {
        Order.Less => comparison < 0,
        Order.LessOrEqual => comparison <= 0,
        Order.Equal => comparison == 0,
        Order.GreaterOrEqual => comparison >= 0,
        _ => comparison > 0,
    };
}

internal sealed class Ordered(int slot, Order order, double bound) : Condition
{
    public override Truth Evaluate(DecisionUser user)
    {
        ref readonly var value = ref user.Attribute(slot);
        return value.IsSafeNumber ? Truths.Of(order.Holds(value.Number.CompareTo(bound))) : Truth.Unknown;
    }
}

internal sealed class VersionOrdered(int slot, Order order, string version) : Condition
{
    public override Truth Evaluate(DecisionUser user)
    {
        ref readonly var value = ref user.Attribute(slot);
        return value.Kind == AttributeKind.Text && SemanticVersion.Compare(version, value.Text!) is { } comparison
            ? Truths.Of(order.Holds(comparison))
            : Truth.Unknown;
    }
}
