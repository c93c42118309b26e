namespace Platform.Postgres;

/// <summary>
/// A table whose rows are work: it has the columns <c>id text, attempt integer, lease_owner text null, lease_until timestamptz null</c> and whatever the work needs besides.
/// All texts here are SQL fixed in code; values of users never enter them.
/// </summary>
/// <param name="Name">The table, as SQL wants it, for example <c>loads</c>.</param>
public sealed record LeasedTable(string Name)
{
    /// <summary>Condition, over the alias <c>r</c>, for a row that wants a worker; that nobody holds it is added. Example: <c>r.state in ('queued','running')</c>.</summary>
    public required string Ready { get; init; }

    /// <summary>Which ready row first, over the alias <c>r</c>, for example <c>r.load_seq</c>.</summary>
    public required string OrderBy { get; init; }

    /// <summary>What a claim changes besides attempt and lease, for example <c>state = 'running'</c>.</summary>
    public required string OnClaim { get; init; }

    /// <summary>How long a silent worker keeps its row. Longer than any pause of a living process.</summary>
    public TimeSpan Length { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How often the leases held by this process are renewed.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromSeconds(3);
}
