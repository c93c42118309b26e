namespace Platform.Scheduler.Alerts;

/// <summary>Where alerts go (S8): an e-mail server or a webhook. Holds no secret.</summary>
internal sealed class AlertChannel
{
    public required string Id { get; init; }

    public required string Name { get; set; }

    public required AlertChannelType Type { get; init; }

    public SmtpSettings? Smtp { get; set; }

    public WebhookSettings? Webhook { get; set; }

    /// <summary>What it hears of the closed loop; null is nothing. What it hears of courier groups, the groups say.</summary>
    public CampaignAlerts? Campaigns { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }
}

/// <summary>The kinds of alert channels.</summary>
internal enum AlertChannelType
{
    Smtp,

    Webhook,
}

/// <summary>Which protection an SMTP connection has.</summary>
internal enum SmtpSecurity
{
    /// <summary>TLS after STARTTLS (usually port 587); refused when the server does not offer it.</summary>
    StartTls,

    /// <summary>TLS from the first byte (usually port 465).</summary>
    Tls,

    /// <summary>None: only where the configuration allows private hosts, and never with a password.</summary>
    None,
}

/// <summary>Either a server and a sender of its own, without a password, or a credential of type smtp that has both: a password is sent to no server but its own.</summary>
internal sealed record SmtpSettings(string? Host, int? Port, SmtpSecurity? Security, string? From, IReadOnlyList<string> To, string? CredentialId);

/// <summary>The signing secret is derived, never stored; <paramref name="SecretVersion"/> counts its replacements, <paramref name="SecretCheck"/> tells whether it is still the one that was shown.</summary>
internal sealed record WebhookSettings(string Url, int SecretVersion, string SecretCheck);

/// <summary>One alert on its way to one channel. It is tried until it arrives or is given up as dead.</summary>
internal sealed class AlertDelivery
{
    public required string Id { get; init; }

    public required string ChannelId { get; init; }

    public required string NotificationId { get; init; }

    public required DeliveryState State { get; set; }

    /// <summary>Counts the claims; every change of the row is fenced by it.</summary>
    public int Attempt { get; set; }

    /// <summary>On PostgreSQL's clock; null is at once.</summary>
    public DateTimeOffset? NextAttemptAt { get; set; }

    public string? LeaseOwner { get; set; }

    public DateTimeOffset? LeaseUntil { get; set; }

    public string? LastError { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? EndedAt { get; set; }
}

/// <summary>State of a delivery.</summary>
internal enum DeliveryState
{
    Pending,

    Delivered,

    /// <summary>Given up: every attempt failed, or the target refused for good.</summary>
    Dead,
}
