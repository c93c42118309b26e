namespace Platform.Contracts.Couriers;

/// <summary>Answer to <see cref="TestCredential"/>.</summary>
public sealed record CredentialTested
{
    /// <summary>True when the connection was made and the listing allowed.</summary>
    public required bool Success { get; init; }

    /// <summary><c>Connection successful</c>, or the precise cause and its remedy.</summary>
    public required string Message { get; init; }
}
