namespace Platform.Contracts.Campaigns;

/// <summary>Event: a recipient unsubscribed in response to a mailing (L9). Says who only to those who know the address already.</summary>
public sealed record RecipientUnsubscribed
{
    /// <summary>The connection (<c>cn-…</c>).</summary>
    public required string ConnectionId { get; init; }

    /// <summary>SHA-256 of the e-mail address, trimmed and in lower case: 64 lower-case hexadecimal digits.</summary>
    public required string EmailSha256 { get; init; }

    /// <summary>The mailing in Optimizely Campaign.</summary>
    public required long MailingId { get; init; }

    /// <summary>The partner's encoded assignment of the recipient to the mailing.</summary>
    public long? MailingToUserId { get; init; }

    /// <summary>When, UTC.</summary>
    public required DateTimeOffset OccurredAt { get; init; }
}
