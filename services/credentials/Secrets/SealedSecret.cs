namespace Platform.Credentials.Secrets;

/// <summary>
/// The secret fields of one credential version as they lie in the database. Each part is <c>nonce (12) | tag (16) | ciphertext</c> of AES-256-GCM: the payload under a data key of
/// its own, the data key under the master key of <see cref="MasterGeneration"/>.
/// </summary>
internal sealed class SealedSecret
{
    /// <summary>The credential.</summary>
    public required string CredentialId { get; init; }

    /// <summary>The credential version these are the secrets of; bound into the ciphertext.</summary>
    public required int Version { get; set; }

    /// <summary>Names of the secret fields that are set, in the order of the type.</summary>
    public required string[] SetFields { get; set; }

    /// <summary>The sealed fields: JSON, name to value.</summary>
    public required byte[] Payload { get; set; }

    /// <summary>The data key, wrapped.</summary>
    public required byte[] WrappedKey { get; set; }

    /// <summary>Which master key wraps the data key.</summary>
    public required int MasterGeneration { get; set; }
}
