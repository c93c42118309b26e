namespace Platform.Contracts.Couriers;

/// <summary>Command: start a run of a courier (R10). Handled once per <see cref="RunId"/>, however often it is delivered.</summary>
[Command]
public sealed record RunCourier
{
    /// <summary>The id the run will have, chosen by the sender (<c>run-…</c>).</summary>
    public required string RunId { get; init; }

    /// <summary>The courier to run (<c>cr-…</c>).</summary>
    public required string CourierId { get; init; }

    /// <summary>Which days the run covers.</summary>
    public required RunMode Mode { get; init; }

    /// <summary>The day, when <see cref="Mode"/> is <see cref="RunMode.Day"/>.</summary>
    public DateOnly? Date { get; init; }

    /// <summary>First day of a period, inclusive.</summary>
    public DateOnly? Start { get; init; }

    /// <summary>Day after the last of a period: the end is exclusive.</summary>
    public DateOnly? End { get; init; }

    /// <summary>Load, but let nothing downstream follow.</summary>
    public bool IngestOnly { get; init; }

    /// <summary>A missing required file is reported and passed over instead of failing the run.</summary>
    public bool SkipMissingFiles { get; init; }

    /// <summary>Pull objects again even when they are unchanged since they were landed.</summary>
    public bool Force { get; init; }

    /// <summary>Who asked: an API key's name, a courier group, another service.</summary>
    public required string RequestedBy { get; init; }
}
