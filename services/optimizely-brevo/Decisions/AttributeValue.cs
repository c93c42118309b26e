using System.Text.Json;

namespace Platform.OptimizelyBrevo.Decisions;

internal enum AttributeKind : byte
{
    /// <summary>The user has no such attribute.</summary>
    Absent,

    /// <summary>The user has it, and it is null.</summary>
    Null,
    Text,
    Number,
    Boolean,

    /// <summary>An object or array: exists, and fits no other matcher.</summary>
    Other,
}

/// <summary>Value of a user's attribute, or of a condition; without boxing.</summary>
internal readonly record struct AttributeValue
{
    /// <summary>The SDKs' limit for numbers in conditions: beyond 2^53 integers are no longer exact.</summary>
    private const double GreatestSafe = 9007199254740992;

    private AttributeValue(AttributeKind kind, string? text, double number)
    {
        Kind = kind;
        Text = text;
        Number = number;
    }

    public AttributeKind Kind { get; }

    public string? Text { get; }

    /// <summary>The number; 1 or 0 for a boolean.</summary>
    public double Number { get; }

    /// <summary>False for NaN, the infinities and what cannot be compared exactly.</summary>
    public bool IsSafeNumber => Kind == AttributeKind.Number && Math.Abs(Number) <= GreatestSafe;

    public static AttributeValue Null { get; } = new(AttributeKind.Null, null, 0);

    public static AttributeValue Other { get; } = new(AttributeKind.Other, null, 0);

    public static AttributeValue Of(string? value) => value is null ? Null : new(AttributeKind.Text, value, 0);

    public static AttributeValue Of(double value) => new(AttributeKind.Number, null, value);

    public static AttributeValue Of(bool value) => new(AttributeKind.Boolean, null, value ? 1 : 0);

    public static AttributeValue Of(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Undefined => default,
        JsonValueKind.Null => Null,
        JsonValueKind.String => Of(value.GetString()),
        JsonValueKind.Number => Of(value.GetDouble()),
        JsonValueKind.True => Of(true),
        JsonValueKind.False => Of(false),
        _ => Other,
    };
}
