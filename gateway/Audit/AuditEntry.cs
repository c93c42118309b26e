namespace Platform.Gateway.Audit;

/// <summary>One call that changed something, or was not allowed to: who, what, when and how it ended. No bodies, no query strings, no addresses of people.</summary>
internal sealed class AuditEntry
{
    /// <summary><c>au-…</c>; ids sort by time.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset At { get; init; }

    /// <summary>Name of the API key or token; <c>anonymous</c> when there was none, or none that is valid.</summary>
    public required string Caller { get; init; }

    /// <summary>Id of the API key, or <c>oidc:</c> and the token's subject.</summary>
    public string? CallerId { get; init; }

    public string? Role { get; init; }

    public required string Method { get; init; }

    public required string Path { get; init; }

    /// <summary>HTTP status of the answer; null while there is none, and for good when the gateway stopped before it came.</summary>
    public int? Status { get; set; }

    public int? Milliseconds { get; set; }

    public required string TraceId { get; init; }
}
