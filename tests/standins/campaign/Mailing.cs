namespace Platform.CampaignStandIns;

/// <summary>How far a mailing is.</summary>
public enum MailingState
{
    /// <summary>The recipients are in; the copy of the source mailing starts next.</summary>
    Imported,

    /// <summary>On its way to the recipients.</summary>
    Sending,

    /// <summary>Sent; responses come in.</summary>
    Sent,

    /// <summary>It could not be started.</summary>
    Failed,
}

/// <summary>The copy of a source mailing that one recipient file made.</summary>
public sealed class Mailing
{
    /// <summary>Its unique id.</summary>
    public required long Id { get; init; }

    /// <summary>The recipient file's name.</summary>
    public required string File { get; init; }

    /// <summary>The client's sub-directory.</summary>
    public required string Directory { get; init; }

    /// <summary>The client.</summary>
    public required long Client { get; init; }

    /// <summary>What it is a copy of.</summary>
    public required long SourceMailing { get; init; }

    /// <summary>As the recipient file has it.</summary>
    public long? Wave { get; init; }

    /// <summary>Everybody in the recipient file.</summary>
    public required IReadOnlyList<MailingRecipient> Recipients { get; init; }

    /// <summary>How far it is.</summary>
    public MailingState State { get; set; }

    /// <summary>When sending began.</summary>
    public DateTimeOffset Started { get; set; }

    /// <summary>When the last mail was handed over.</summary>
    public DateTimeOffset Finished { get; set; }
}

/// <summary>One recipient of a mailing, and what they will do with it.</summary>
/// <param name="Id">Encoded assignment of the recipient (<c>mailingToUserId</c>).</param>
/// <param name="Email">The address.</param>
/// <param name="Reaction">What becomes of the mail.</param>
/// <param name="FirstLink">Id of the first of the recipient's two links.</param>
public sealed record MailingRecipient(long Id, string Email, Reaction Reaction, long FirstLink);
