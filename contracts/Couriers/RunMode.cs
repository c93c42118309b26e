namespace Platform.Contracts.Couriers;

/// <summary>Which days a courier run covers (R4, R10).</summary>
public enum RunMode
{
    /// <summary>One day, given as <c>Date</c>.</summary>
    Day,

    /// <summary>The days from <c>Start</c> (inclusive) to <c>End</c> (exclusive).</summary>
    Period,

    /// <summary>Every day that is found at the source.</summary>
    All,
}
