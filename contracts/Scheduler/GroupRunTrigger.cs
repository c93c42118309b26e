namespace Platform.Contracts.Scheduler;

/// <summary>Why a group's run, or scheduled work of another service, is due.</summary>
public enum GroupRunTrigger
{
    /// <summary>Its time came.</summary>
    Schedule,

    /// <summary>Its time came while no scheduler was running, and it is made up for.</summary>
    CatchUp,

    /// <summary>A person or another service asked.</summary>
    Manual,
}
