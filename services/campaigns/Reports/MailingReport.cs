namespace Platform.Campaigns.Reports;

/// <summary>
/// What became of one mailing (L8). One recipient counts once in each figure unless it says total; opens made by mail programs are apart. Rates are shares of the delivered, from 0 to 1, and absent when
/// nothing was delivered.
/// </summary>
internal sealed record MailingReport
{
    /// <summary>The mailing in Optimizely Campaign.</summary>
    public required long MailingId { get; init; }

    /// <summary>The client it belongs to (<c>mailingGroupId</c>).</summary>
    public long? ClientId { get; init; }

    public DateTimeOffset? Started { get; init; }

    public DateTimeOffset? Finished { get; init; }

    /// <summary>The dispatch it was made from, as the partner's log file told; absent for a mailing that is none of ours, or whose log was not seen.</summary>
    public string? DispatchId { get; set; }

    /// <summary>The wave of that dispatch.</summary>
    public long? WaveId { get; set; }

    /// <summary>Recipients the mailing was sent to.</summary>
    public required long Sent { get; init; }

    /// <summary>Recipients it could not be sent to.</summary>
    public required long NotSent { get; init; }

    /// <summary>Sent, and neither bounced hard nor soft.</summary>
    public long Delivered => Sent - HardBounces - SoftBounces;

    /// <summary>HARD or fatal_bounce.</summary>
    public required long HardBounces { get; init; }

    /// <summary>SOFT, bounce or temporary_bounce, and nothing hard.</summary>
    public required long SoftBounces { get; init; }

    public required long Opens { get; init; }

    public required long TotalOpens { get; init; }

    /// <summary>Recipients whose mail program opened it by itself.</summary>
    public required long AutomaticOpens { get; init; }

    public required long Clicks { get; init; }

    public required long TotalClicks { get; init; }

    public required long Unsubscribes { get; init; }

    /// <summary>Recipients who answered: replies and automatic answers, without bounces.</summary>
    public required long Responses { get; init; }

    public double? OpenRate => Rate(Opens);

    public double? ClickRate => Rate(Clicks);

    public double? UnsubscribeRate => Rate(Unsubscribes);

    private double? Rate(long part) => Delivered > 0 ? Math.Round((double)part / Delivered, 6) : null;
}

/// <summary>One link of a mailing.</summary>
internal sealed record LinkReport(string? Name, string Url, long Clicks, long TotalClicks);
