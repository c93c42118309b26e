namespace Platform.Contracts.Couriers;

/// <summary>Command: start a run of a courier (R10). Handled once per <see cref="RunId"/>, however often it is delivered.</summary>
[Command]
public sealed record RunCourier
{
    /// <summary>The id the run will have, chosen by the sender (<c>run-…</c>).</summary>
    public required string RunId { get; init; }

    /// <summary>The courier to run (<c>cr-…</c>).</summary>
    public required string CourierId { get; init; }

    /// <summary>Which days the run covers.</summary>
    public required RunMode Mode { get; init; }

    /// <summary>The day, when <see cref="Mode"/> is <see cref="RunMode.Day"/>.</summary>
    public DateOnly? Date { get; init; }

    /// <summary>First day of a period, inclusive.</summary>
    public DateOnly? Start { get; init; }

    /// <summary>Day after the last of a period: the end is exclusive.</summary>
    public DateOnly? End { get; init; }

    /// <summary>Load, but let nothing downstream follow.</summary>
    public bool IngestOnly { get; init; }

    /// <summary>A missing required file is reported and passed over instead of failing the run.</summary>
    public bool SkipMissingFiles { get; init; }

    /// <summary>Pull objects again even when they are unchanged since they were landed.</summary>
    public bool Force { get; init; }

    /// <summary>Percent of bad rows every load of this run may have instead of its feed's own threshold (F9), 0 to 100; null keeps the feeds'.</summary>
    public decimal? ErrorThresholdPercent { get; init; }

    /// <summary>
    /// With <see cref="AcceptThrough"/>: the window of file dates the run accepts (S3), both ends included; null when every day asked for needs its files. Within the window the newest file
    /// satisfies a required pattern, days without files are no fault, and all new files are loaded in date order. Days of <see cref="Start"/> to <see cref="End"/> before the window's
    /// first day need their files each. A pattern with an hour is held against the instants, one without against the days they fall on.
    /// </summary>
    public DateTimeOffset? AcceptFrom { get; init; }

    /// <summary>The end of the window, for a scheduled run its slot.</summary>
    public DateTimeOffset? AcceptThrough { get; init; }

    /// <summary>IANA name of the zone that file dates (and the days of this command) are in; null is UTC.</summary>
    public string? FileTimeZone { get; init; }

    /// <summary>
    /// Until when a required file that is not there yet is looked for again and again; the first look that finds everything required ends the wait. Null: one look. When the time is over, missing
    /// files fail the run, or are passed over when <see cref="SkipMissingFiles"/> is set; both are told by <see cref="CourierRunEnded.MissingFiles"/>.
    /// </summary>
    public DateTimeOffset? WaitUntil { get; init; }

    /// <summary>The courier group's run it is part of (<c>gr-…</c>); null outside groups.</summary>
    public string? GroupRunId { get; init; }

    /// <summary>Who asked: an API key's name, a courier group, another service.</summary>
    public required string RequestedBy { get; init; }
}
