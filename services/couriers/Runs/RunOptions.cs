using System.ComponentModel.DataAnnotations;

namespace Platform.Couriers.Runs;

/// <summary>How runs are worked on. Section <c>Runs</c>.</summary>
internal sealed class RunOptions
{
    /// <summary>Runs this process works on at a time; more wait in the queue.</summary>
    [Range(1, 64)]
    public int Parallel { get; set; } = 4;

    /// <summary>Files one run pulls at a time.</summary>
    [Range(1, 64)]
    public int ParallelFiles { get; set; } = 8;

    /// <summary>Listings one run has open at a time.</summary>
    [Range(1, 32)]
    public int ParallelListings { get; set; } = 8;

    /// <summary>Attempts at a step before a fault of the environment ends the run.</summary>
    [Range(1, 20)]
    public int Attempts { get; set; } = 6;

    /// <summary>Longest pause between two looks for files that are late and may still come; the first looks follow sooner.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan LateFilePoll { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A source that sends no byte for so long counts as cut off.</summary>
    public TimeSpan StallAfter { get; set; } = TimeSpan.FromSeconds(30);
}

/// <summary>How long landed files are kept. Section <c>Landing</c>, as <see cref="Platform.Files.Locations.Landing.LandingPlaceOptions"/>, which says where.</summary>
internal sealed class LandingOptions
{
    /// <summary>Days after which the bytes of a landed file are removed; null keeps them for ever.</summary>
    [Range(1, 36500)]
    public int? KeepDays { get; set; }

    /// <summary>How often old files are looked for.</summary>
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromHours(1);
}
