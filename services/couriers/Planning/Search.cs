using Platform.Couriers.Definitions;
using Platform.Couriers.Patterns;

namespace Platform.Couriers.Planning;

/// <summary>One entity on one day, or on all days.</summary>
internal sealed class Search(Entity entity, PathMatcher matcher, DateOnly? day)
{
    public Entity Entity { get; } = entity;

    public PathMatcher Matcher { get; } = matcher;

    public DateOnly? Day { get; } = day;

    /// <summary>The prefix that was listed last, alias included.</summary>
    public string Looked { get; set; } = "";

    public List<PlannedFile> Found { get; } = [];

    /// <summary>Date folders with data and without marker, with their number of files.</summary>
    public SortedDictionary<string, int> NotReady { get; } = new(StringComparer.Ordinal);

    /// <summary>Syncs without a manifest, with their number of files.</summary>
    public SortedDictionary<long, int> Unfinished { get; } = [];

    /// <summary>Files of a sequence that are stamped earlier than the last one that was taken.</summary>
    public List<PlannedFile> Late { get; } = [];

    /// <summary>Its file is there, or is known not to come.</summary>
    public bool IsSatisfied => Found.Count > 0 || Late.Count > 0 || CompleteAndEmpty;

    /// <summary>The marker says that the day is complete, and there is no file: nothing happened on it.</summary>
    public bool CompleteAndEmpty { get; set; }
}
