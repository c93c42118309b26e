namespace Platform.Contracts.Campaigns;

/// <summary>Event: a mailing to a recipient bounced for good (L9). Soft bounces are told by the reports only. Says who only to those who know the address already.</summary>
public sealed record RecipientBounced
{
    /// <summary>The connection (<c>cn-…</c>).</summary>
    public required string ConnectionId { get; init; }

    /// <summary>SHA-256 of the e-mail address, trimmed and in lower case: 64 lower-case hexadecimal digits.</summary>
    public required string EmailSha256 { get; init; }

    /// <summary>The mailing in Optimizely Campaign.</summary>
    public required long MailingId { get; init; }

    /// <summary>The partner's encoded assignment of the recipient to the mailing.</summary>
    public long? MailingToUserId { get; init; }

    /// <summary>When, UTC: the sending of the mailing where the partner tells no time of the bounce.</summary>
    public required DateTimeOffset OccurredAt { get; init; }
}
