namespace Platform.OptimizelyBrevo.Sync;

/// <summary>What a row says about its contact. Of each kind the latest row of a contact counts; the kinds add up.</summary>
internal enum StagedKind : short
{
    /// <summary>What should have been sent before.</summary>
    Retry,
    Evaluation,
    Decision,
    Winner,
}

/// <summary>One row, decision or user, turned into what its contact should hold in Brevo; or the reason why it leads to none.</summary>
internal readonly record struct StagedRow
{
    public required StagedKind Kind { get; init; }

    /// <summary>User id, for the list of skipped rows.</summary>
    public required string Subject { get; init; }

    public string? Email { get; init; }

    public string? Desired { get; init; }

    /// <summary>Attributes that go along with a change and are none themselves.</summary>
    public string? Extra { get; init; }

    /// <summary>Lists whose rule the contact fulfils.</summary>
    public long[]? InLists { get; init; }

    /// <summary>Lists whose rule it does not fulfil.</summary>
    public long[]? OutLists { get; init; }

    public DateTimeOffset? DecidedAt { get; init; }

    public string? ExperimentKey { get; init; }

    public string? VariationKey { get; init; }

    /// <summary>Not null: the row leads to no contact.</summary>
    public string? Skipped { get; init; }

    public static StagedRow Skip(StagedKind kind, string subject, string reason) => new() { Kind = kind, Subject = subject, Skipped = reason };
}
