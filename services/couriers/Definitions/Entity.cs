using Platform.Couriers.Patterns;
using Platform.Files.Engine;

namespace Platform.Couriers.Definitions;

/// <summary>One line of the entities list (R3), as far as pulling files is concerned, with what those who read the files must know. An archive with several members makes one for each of them.</summary>
internal sealed record Entity
{
    public required FilePattern Pattern { get; init; }

    /// <summary>A day without such a file is no fault.</summary>
    public bool Optional { get; init; }

    public required string Tag { get; init; }

    public required string ContentType { get; init; }

    /// <summary>What the entity says about how the file is written; travels with the file to whoever reads it.</summary>
    public FileSettings Settings { get; init; } = FileSettings.Inferred;

    /// <summary>The name of the archive's member that is meant, as a pattern; null for a file, and for a member that was named without quotes or dates (see <see cref="FileSettings.Member"/>).</summary>
    public FilePattern? MemberPattern { get; init; }

    /// <summary>The settings for a file of <paramref name="day"/>: an archive's member carries the same day.</summary>
    public FileSettings SettingsOn(DateOnly? day) => MemberPattern is { } pattern && Settings.Member is { } member
        ? Settings with { Member = member with { Name = pattern.Glob(day) } }
        : Settings;
}

/// <summary>What the load operations do with one feed (R9).</summary>
internal sealed record FeedLoad(string FeedId, bool Truncate, IReadOnlyList<string> Tags);
