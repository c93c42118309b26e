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

    /// <summary>The dispatch it was made from; absent for a mailing that is none of ours.</summary>
    public string? DispatchId { get; set; }

    /// <summary>How that is known: <c>log</c>, the partner's log file told; <c>match</c>, client, start time and addresses fit; <c>unassigned</c>, it is not.</summary>
    public string JoinedBy { get; set; } = "unassigned";

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

    public double? OpenRate => Rates.Of(Opens, Delivered);

    public double? ClickRate => Rates.Of(Clicks, Delivered);

    public double? UnsubscribeRate => Rates.Of(Unsubscribes, Delivered);
}

/// <summary>One link of a mailing.</summary>
internal sealed record LinkReport(string? Name, string Url, long Clicks, long TotalClicks);

/// <summary>The mailings of one wave together. A recipient of two of them counts twice.</summary>
internal sealed record WaveReport
{
    /// <summary>The wave; absent for dispatches without one, and for mailings that are unassigned.</summary>
    public long? WaveId { get; init; }

    /// <summary>log, match or unassigned: how the mailings were joined to the wave; match when one of them was.</summary>
    public required string JoinedBy { get; init; }

    public required IReadOnlyList<long> MailingIds { get; init; }

    public required long Sent { get; init; }

    public required long NotSent { get; init; }

    public required long Delivered { get; init; }

    public required long HardBounces { get; init; }

    public required long SoftBounces { get; init; }

    public required long Opens { get; init; }

    public required long TotalOpens { get; init; }

    public required long AutomaticOpens { get; init; }

    public required long Clicks { get; init; }

    public required long TotalClicks { get; init; }

    public required long Unsubscribes { get; init; }

    public required long Responses { get; init; }

    public double? OpenRate => Rates.Of(Opens, Delivered);

    public double? ClickRate => Rates.Of(Clicks, Delivered);

    public double? UnsubscribeRate => Rates.Of(Unsubscribes, Delivered);

    public static WaveReport Of(long? waveId, IReadOnlyList<MailingReport> mailings) => new()
    {
        WaveId = waveId,
        JoinedBy = mailings.Select(report => report.JoinedBy).Contains("match") ? "match" : mailings[0].JoinedBy,
        MailingIds = [.. mailings.Select(report => report.MailingId)],
        Sent = mailings.Sum(report => report.Sent),
        NotSent = mailings.Sum(report => report.NotSent),
        Delivered = mailings.Sum(report => report.Delivered),
        HardBounces = mailings.Sum(report => report.HardBounces),
        SoftBounces = mailings.Sum(report => report.SoftBounces),
        Opens = mailings.Sum(report => report.Opens),
        TotalOpens = mailings.Sum(report => report.TotalOpens),
        AutomaticOpens = mailings.Sum(report => report.AutomaticOpens),
        Clicks = mailings.Sum(report => report.Clicks),
        TotalClicks = mailings.Sum(report => report.TotalClicks),
        Unsubscribes = mailings.Sum(report => report.Unsubscribes),
        Responses = mailings.Sum(report => report.Responses),
    };
}

/// <summary>One hour or day of a mailing. Recipients count when they open, click or unsubscribe for the first time; totals count every time.</summary>
/// <param name="At">When it begins.</param>
/// <param name="Opens">Recipients who opened it first then.</param>
/// <param name="TotalOpens">All openings.</param>
/// <param name="AutomaticOpens">Openings that mail programs made by themselves.</param>
/// <param name="Clicks">Recipients who clicked first then.</param>
/// <param name="TotalClicks">All clicks.</param>
/// <param name="Unsubscribes">Recipients who unsubscribed.</param>
/// <param name="OpenRate">Share of the delivered who have opened it by the end of it; absent when nothing was delivered.</param>
/// <param name="ClickRate">Share of the delivered who have clicked by the end of it.</param>
/// <param name="UnsubscribeRate">Share of the delivered who have unsubscribed by the end of it.</param>
internal sealed record TimelineStep(
    DateTimeOffset At, long Opens, long TotalOpens, long AutomaticOpens, long Clicks, long TotalClicks, long Unsubscribes, double? OpenRate, double? ClickRate, double? UnsubscribeRate);

/// <summary>How often the files of a mailing have a word, known or not.</summary>
/// <param name="Column">sendingStatus, deliveryStatus and response.category of the sending log, category of the responses.</param>
/// <param name="Word">As it stands in the files; absent where they have none.</param>
/// <param name="Bounce">hard or soft, where the word means a bounce.</param>
/// <param name="Recipients">Recipients with it.</param>
internal sealed record WordCount(string Column, string? Word, string? Bounce, long Recipients);

internal static class Rates
{
    public static double? Of(long part, long delivered) => delivered > 0 ? Math.Round((double)part / delivered, 6) : null;
}
