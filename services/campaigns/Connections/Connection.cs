namespace Platform.Campaigns.Connections;

/// <summary>An account on the SFTP server of the closed loop (L1), with what was agreed about it.</summary>
internal sealed class Connection
{
    public required string Id { get; init; }

    public required string Name { get; set; }

    public required CampaignConnectionSettings Settings { get; set; }

    /// <summary>Since when dispatches wait because the partner wrote an error file; null when they do not.</summary>
    public DateTimeOffset? HaltedAt { get; set; }

    /// <summary>The dispatch whose error file it was.</summary>
    public string? HaltedBy { get; set; }

    /// <summary>The last stamp given to a file, as local time: none is given twice, not even in the hour that clocks repeat.</summary>
    public DateTime? LastStamp { get; set; }

    /// <summary>When log and error files were last looked for, and what came of it.</summary>
    public DateTimeOffset? CheckedAt { get; set; }

    public string? CheckFault { get; set; }

    public DateTimeOffset NextCheckAt { get; set; }

    public int Attempt { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public required string UpdatedBy { get; set; }
}
