namespace Platform.Contracts.Scheduler;

/// <summary>What happens to due times that passed while no scheduler was running (S5).</summary>
public enum CatchUpPolicy
{
    /// <summary>One run, for the latest of them.</summary>
    One,

    /// <summary>A run for each of them, one after the other.</summary>
    All,

    /// <summary>None.</summary>
    None,
}
