namespace Platform.Contracts.Couriers;

/// <summary>State of a courier run. The last three are final; only a restart leaves <see cref="Failed"/> or <see cref="Cancelled"/>.</summary>
public enum RunState
{
    /// <summary>Waits for a worker.</summary>
    Queued,

    /// <summary>Plans, lands or loads.</summary>
    Running,

    /// <summary>Everything landed and loaded, and every count balanced.</summary>
    Succeeded,

    /// <summary>Ended with a reason; may be restarted from the step that failed.</summary>
    Failed,

    /// <summary>Ended on request.</summary>
    Cancelled,
}
