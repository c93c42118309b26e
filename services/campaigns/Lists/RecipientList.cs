namespace Platform.Campaigns.Lists;

/// <summary>The main recipient list of a client, as agreed with the partner (L2).</summary>
internal sealed class RecipientList
{
    public required string Id { get; init; }

    public required string Name { get; set; }

    public required string ConnectionId { get; init; }

    /// <summary>The connection's client it belongs to; null where the connection has none.</summary>
    public string? Client { get; init; }

    public LineBreaks LineBreaks { get; set; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>An agreed order of fields. Never changed: another order is another version, and no version is used before both sides have confirmed it.</summary>
internal sealed class RecipientListVersion
{
    public required string ListId { get; init; }

    /// <summary>Counted from 1.</summary>
    public required int Version { get; init; }

    public required IReadOnlyList<RecipientField> Fields { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required string CreatedBy { get; init; }

    /// <summary>Who confirmed it here, and when.</summary>
    public string? ConfirmedBy { get; set; }

    public DateTimeOffset? ConfirmedAt { get; set; }

    /// <summary>Who confirmed it at the partner, with the partner's reference, for example a ticket; entered here.</summary>
    public string? PartnerConfirmedBy { get; set; }

    public DateTimeOffset? PartnerConfirmedAt { get; set; }

    public bool IsConfirmed => ConfirmedAt is not null && PartnerConfirmedAt is not null;
}
