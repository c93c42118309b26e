namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>Three-valued: what cannot be evaluated is unknown, which is not false ("not unknown" is unknown too).</summary>
internal enum Truth : byte
{
    False,
    True,
    Unknown,
}

internal static class Truths
{
    public static Truth Of(bool value) => value ? Truth.True : Truth.False;
}
