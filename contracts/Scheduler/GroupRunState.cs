namespace Platform.Contracts.Scheduler;

/// <summary>State of a courier group's run (S2). The last four are final.</summary>
public enum GroupRunState
{
    /// <summary>Waits for another group's run, or for an earlier run of its own group.</summary>
    Waiting,

    /// <summary>Its couriers run, or wait for late files.</summary>
    Running,

    /// <summary>Every required courier completed.</summary>
    Succeeded,

    /// <summary>A required courier failed, a file did not come in time, or what the group waits for did not.</summary>
    Failed,

    /// <summary>Did not run, by the group's overlap or catch-up policy.</summary>
    Skipped,

    /// <summary>Ended on request.</summary>
    Cancelled,
}
