namespace Platform.Gateway.Idempotency;

/// <summary>A POST that came with an <c>Idempotency-Key</c>, and its answer once there is one.</summary>
internal sealed class IdempotentRequest
{
    /// <summary>Id of the API key, or the token's subject: another caller's keys are other keys.</summary>
    public required string CallerId { get; init; }

    /// <summary>Keyed hash of the header.</summary>
    public required byte[] KeyHash { get; init; }

    /// <summary>Keyed hash of method, path, query and body.</summary>
    public required byte[] RequestHash { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>HTTP status; 0 when the connection to the service was lost and nobody knows; null while it is under way.</summary>
    public int? Status { get; init; }

    /// <summary>Headers and body, encrypted: answers may hold what must not lie in a database.</summary>
    public byte[]? Answer { get; init; }
}
