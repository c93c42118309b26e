using System.Text.Json;

namespace Platform.Couriers.Definitions;

/// <summary>A courier as it was saved (R2). Settings, entities and load operations are kept as the text that was sent: order and spelling are the user's.</summary>
internal sealed class Courier
{
    /// <summary><c>cr-…</c></summary>
    public required string Id { get; init; }

    public required string Name { get; set; }

    public required string SourceType { get; set; }

    public required string CredentialId { get; set; }

    /// <summary>A JSON object.</summary>
    public required string Settings { get; set; }

    /// <summary>A JSON array; null where none was given.</summary>
    public string? Entities { get; set; }

    /// <summary>A JSON object.</summary>
    public required string LoadOperations { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }

    public required string UpdatedBy { get; set; }

    public WrittenDefinition Written() => new()
    {
        SourceType = SourceType,
        Settings = JsonElement.Parse(Settings),
        Entities = Entities is null ? null : JsonElement.Parse(Entities),
        LoadOperations = JsonElement.Parse(LoadOperations),
    };
}
