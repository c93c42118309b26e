using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Sources;

/// <summary>A kind of source a courier can pull from (R1). One folder per kind, one line in <see cref="SourceTypes"/>.</summary>
internal interface ISourceType
{
    /// <summary>The name in the API, for example <c>optimizely-events</c>.</summary>
    string Name { get; }

    /// <summary>What a person calls it.</summary>
    string Title { get; }

    /// <summary>What it pulls, in a sentence or two.</summary>
    string Description { get; }

    /// <summary>Types of credentials it can use.</summary>
    IReadOnlyList<string> CredentialTypes { get; }

    /// <summary>JSON Schema (2020-12) of the settings, from which a form can be drawn.</summary>
    JsonObject SettingsSchema { get; }

    /// <summary>Finds everything wrong with settings and entities together.</summary>
    void Check(JsonElement settings, IReadOnlyList<Entity> entities, string path, AddressGuard guard, Findings findings);

    /// <summary>How a run reads this source. Settings and entities have passed <see cref="Check"/>.</summary>
    SourceLayout Layout(JsonElement settings, IReadOnlyList<Entity> entities, RunMode mode);
}

/// <summary>The server-side place a courier reads from; which credential opens it follows from the kind.</summary>
internal abstract record SourcePlace;

/// <summary>A bucket. Without <paramref name="Endpoint"/> the credential's own is used.</summary>
internal sealed record BucketPlace(string? Bucket, Uri? Endpoint) : SourcePlace;

/// <summary>A directory of an SFTP account, as the server names it; empty is the directory the login begins in.</summary>
/// <remarks>Without <c>Host</c> and <c>Port</c> those of the credential are used; the host key that the credential pins holds for either.</remarks>
internal sealed record SftpPlace(string Directory, string? Host = null, int? Port = null) : SourcePlace;

/// <summary>Where the files of a courier lie, and by which rules they are taken.</summary>
internal sealed record SourceLayout
{
    public required SourcePlace Place { get; init; }

    /// <summary>Stands before every pattern: key = prefix + what the pattern matches.</summary>
    public required string Prefix { get; init; }

    public required IReadOnlyList<Entity> Entities { get; init; }

    /// <summary>Name of the marker object that says a day of one <c>type=</c> is complete (R5); null where there is no such rule.</summary>
    public string? ReadyMarker { get; init; }

    /// <summary>Names that mean the same level, for example <c>type=events</c> and <c>type=conversions</c>: what the pattern names is looked for first.</summary>
    public IReadOnlyList<(string Written, string Instead)> Aliases { get; init; } = [];

    /// <summary>Folder of the manifests that complete a Heap sync; null where there is no such rule.</summary>
    public string? SyncManifests { get; init; }

    /// <summary>Names (with <c>*</c>) under which the source's own writers keep unfinished files: never taken.</summary>
    public IReadOnlyList<string> TemporaryNames { get; init; } = [];

    /// <summary>A file that is new or changed must keep size and time for so long before it is taken; null where files appear whole.</summary>
    public TimeSpan? SettleTime { get; init; }
}
