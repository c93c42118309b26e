using System.Text.Json;

namespace Platform.OptimizelyBrevo.Optimizely;

// What is posted to the Event API, as its specification (1.3.0) names it.

internal sealed record EventBatch
{
    /// <summary>The SDKs' event processor takes at most so many events at once (seed, rate limits).</summary>
    public const int MostEvents = 10_000;

    public required string AccountId { get; init; }

    public string? ProjectId { get; init; }

    public string? Revision { get; init; }

    public bool AnonymizeIp { get; init; } = true;

    public string ClientName { get; init; } = "courier-platform/optimizely-brevo";

    public string ClientVersion { get; init; } = "1.0.0";

    public bool EnrichDecisions { get; init; } = true;

    public required IReadOnlyList<Visitor> Visitors { get; init; }
}

internal sealed record Visitor(string VisitorId, IReadOnlyList<VisitorAttribute> Attributes, IReadOnlyList<Snapshot> Snapshots);

internal sealed record VisitorAttribute(string? EntityId, string Key, string Type, JsonElement Value);

internal sealed record Snapshot(IReadOnlyList<SnapshotDecision>? Decisions, IReadOnlyList<SnapshotEvent> Events);

internal sealed record SnapshotDecision(string CampaignId, string ExperimentId, string VariationId);

/// <summary><paramref name="Timestamp"/> in milliseconds since 1970; <paramref name="Uuid"/> is what Optimizely drops repetitions by; <paramref name="Revenue"/> in cents.</summary>
internal sealed record SnapshotEvent(string? EntityId, string Key, long Timestamp, string Uuid, long? Revenue, double? Value, JsonElement? Tags);
