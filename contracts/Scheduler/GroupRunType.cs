namespace Platform.Contracts.Scheduler;

/// <summary>How far a group's run reaches beyond its couriers (S6). The couriers run in each case.</summary>
public enum GroupRunType
{
    /// <summary>Sources are pulled, derived data are refreshed, and what is sent to partners may be sent.</summary>
    Full,

    /// <summary>Sources are pulled and derived data are refreshed; nothing is sent to partners.</summary>
    Refresh,

    /// <summary>Sources are pulled into their domain tables; nothing downstream follows.</summary>
    Source,
}
