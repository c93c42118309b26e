namespace Platform.Contracts.OptimizelyBrevo;

/// <summary>Command: bring the Brevo contacts of a connection up to date (O9). While a sync of the connection waits already, nothing is added.</summary>
[Command]
public sealed record StartSync
{
    /// <summary>The connection (<c>ob-…</c>).</summary>
    public required string ConnectionId { get; init; }

    /// <summary>A domain table to read; null for everything the connection knows.</summary>
    public string? DomainTable { get; init; }

    /// <summary>Says what would change and changes nothing.</summary>
    public bool DryRun { get; init; }
}
