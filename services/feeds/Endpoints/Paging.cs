using Platform.ServiceDefaults;

namespace Platform.Feeds.Endpoints;

/// <summary>What every list here accepts.</summary>
internal static class Paging
{
    public const int MaxLimit = 200;

    public static Refusal? Check(int limit) => limit is >= 1 and <= MaxLimit
        ? null
        : Refusal.Invalid("The list cannot be given", [new("$.limit", $"{limit} is outside 1 to {MaxLimit}.")]);
}
