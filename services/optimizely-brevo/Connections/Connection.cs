namespace Platform.OptimizelyBrevo.Connections;

/// <summary>A stored connection.</summary>
internal sealed class Connection
{
    public const string IdPrefix = "ob";

    public required string Id { get; init; }

    public required string Name { get; set; }

    public bool Enabled { get; set; } = true;

    public required ConnectionSettings Settings { get; set; }

    /// <summary>Names that stood as <c>${NAME}</c> in imported YAML, by credential id: the export writes them again.</summary>
    public Dictionary<string, string> Variables { get; set; } = [];

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; set; }
}
