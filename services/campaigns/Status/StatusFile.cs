namespace Platform.Campaigns.Status;

/// <summary>A log or error file of the partner's, as it was when it was last read: one that has not changed is not read again.</summary>
internal sealed class StatusFile
{
    public required string ConnectionId { get; init; }

    public required string Path { get; init; }

    public required long Size { get; set; }

    public DateTimeOffset? Modified { get; set; }

    /// <summary>The dispatch it belongs to; null for a file of a dispatch that is not known here.</summary>
    public string? DispatchId { get; set; }

    public required DateTimeOffset ReadAt { get; set; }
}
