using System.Text.Json;
using Platform.Couriers.Definitions;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Endpoints;

/// <summary>A courier as it is created or replaced.</summary>
internal sealed record CourierInput
{
    /// <summary>Unique name.</summary>
    public string? Name { get; init; }

    /// <summary>One of <c>GET /api/source-types</c>.</summary>
    public string? SourceType { get; init; }

    /// <summary>The credential to connect with (<c>cred-…</c>).</summary>
    public string? CredentialId { get; init; }

    /// <summary>Settings of the source type, for example bucket and account id.</summary>
    public JsonElement? Settings { get; init; }

    /// <summary>Files to pull: an array of objects with <c>object/type</c>, <c>object/file-pattern</c>, <c>object/optional</c> and <c>object/land-as</c>.</summary>
    public JsonElement? Entities { get; init; }

    /// <summary>What to load where: an object of feed ids, each with an array of <c>{"type":"load","file":"TAG"}</c> and <c>{"type":"truncate"}</c>. Empty lands files only.</summary>
    public JsonElement? LoadOperations { get; init; }
}

/// <summary>A courier.</summary>
internal sealed record CourierView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string SourceType { get; init; }

    public required string CredentialId { get; init; }

    /// <summary>As it was sent.</summary>
    public required JsonElement Settings { get; init; }

    /// <summary>As it was sent.</summary>
    public JsonElement? Entities { get; init; }

    /// <summary>As it was sent.</summary>
    public required JsonElement LoadOperations { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Name of the API key or service that changed it last.</summary>
    public required string UpdatedBy { get; init; }

    /// <summary>What would make a run fail, or has no effect; in the answer to creating and replacing.</summary>
    public IReadOnlyList<FieldProblem>? Warnings { get; init; }

    public static CourierView Of(Courier courier, IReadOnlyList<FieldProblem>? warnings = null) => new()
    {
        Id = courier.Id,
        Name = courier.Name,
        SourceType = courier.SourceType,
        CredentialId = courier.CredentialId,
        Settings = JsonElement.Parse(courier.Settings),
        Entities = courier.Entities is null ? null : JsonElement.Parse(courier.Entities),
        LoadOperations = JsonElement.Parse(courier.LoadOperations),
        CreatedAt = courier.CreatedAt,
        UpdatedAt = courier.UpdatedAt,
        UpdatedBy = courier.UpdatedBy,
        Warnings = warnings,
    };
}

/// <summary>What trying a courier out found.</summary>
/// <param name="Success">True when a run would find everything it needs.</param>
/// <param name="Message"><c>Connection successful</c>, or the first problem.</param>
/// <param name="Problems">Everything that would make a run fail.</param>
/// <param name="Warnings">Everything else worth knowing.</param>
internal sealed record CourierValidation(bool Success, string Message, IReadOnlyList<FieldProblem> Problems, IReadOnlyList<FieldProblem> Warnings);
