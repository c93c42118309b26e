namespace Platform.OptimizelyBrevo.Sync;

internal enum ChangeOutcome
{
    Pending,
    Sent,
    Rejected,
    Skipped,
}

/// <summary>One contact of a sync that was not simply unchanged, and what became of it.</summary>
internal sealed class SyncChange
{
    public required string SyncId { get; init; }

    public long No { get; init; }

    /// <summary>The contact's address, or the user id of a skipped row.</summary>
    public required string Subject { get; init; }

    /// <summary>Attributes that differ, with the values to send.</summary>
    public string? Attributes { get; init; }

    public long[] AddLists { get; init; } = [];

    public long[] DropLists { get; init; } = [];

    /// <summary>Brevo was never sent this contact: it may have to be created.</summary>
    public bool IsNew { get; init; }

    public int? BatchNo { get; init; }

    public ChangeOutcome Outcome { get; init; }

    public string? Reason { get; init; }
}

internal enum BatchKind
{
    /// <summary><c>/contacts/import</c>: thousands of contacts in one call, created or updated.</summary>
    Import,

    /// <summary><c>/contacts/batch</c>: contacts Brevo has.</summary>
    Update,

    /// <summary><c>/contacts</c>: one contact, created or updated.</summary>
    Single,
}

internal enum BatchState
{
    Ready,

    /// <summary>Committed before the call leaves. After a crash nobody knows whether it arrived: Brevo is asked.</summary>
    Sending,

    /// <summary>The import was accepted and runs at Brevo.</summary>
    Importing,
    Done,

    /// <summary>Refused, and divided into smaller ones to find the contact it was refused for.</summary>
    Split,
    Rejected,
}

/// <summary>The contacts of one call.</summary>
internal sealed class SyncBatch
{
    public required string SyncId { get; init; }

    public int No { get; init; }

    public BatchKind Kind { get; init; }

    public BatchState State { get; init; }

    public int Contacts { get; init; }

    public long? ProcessId { get; init; }

    public DateTimeOffset UpdatedAt { get; init; }
}

/// <summary>What Brevo should hold of a contact, and what it was last sent (O9).</summary>
internal sealed class ContactState
{
    public required string ConnectionId { get; init; }

    /// <summary>Lower case.</summary>
    public required string Email { get; init; }

    public required string Desired { get; init; }

    /// <summary>Null until Brevo has taken the contact for the first time.</summary>
    public string? Sent { get; init; }

    /// <summary>Lists the contact should be in by the connection's rules.</summary>
    public long[] Lists { get; init; } = [];

    public long[] SentLists { get; init; } = [];

    /// <summary>Time of the latest decision in <see cref="Desired"/>.</summary>
    public DateTimeOffset? DecidedAt { get; init; }

    public DateTimeOffset? SentAt { get; init; }

    /// <summary>Refusals in a row.</summary>
    public int Failures { get; init; }

    public string? Reason { get; init; }

    /// <summary>After a refusal: not before.</summary>
    public DateTimeOffset? RetryAt { get; init; }
}

/// <summary>In which variation a contact was decided to be, for winners and reports.</summary>
internal sealed class Assignment
{
    public required string ConnectionId { get; init; }

    public required string Email { get; init; }

    public required string ExperimentKey { get; init; }

    public required string VariationKey { get; init; }

    public DateTimeOffset DecidedAt { get; init; }
}
