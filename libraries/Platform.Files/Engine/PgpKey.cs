namespace Platform.Files.Engine;

/// <summary>What opens PGP-encrypted files: the fields of a credential of type <c>pgp</c>. It goes to the reading process and nowhere else.</summary>
public sealed class PgpKey
{
    /// <summary>The armored private key; without one only files that are encrypted with the passphrase itself can be read.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>The private key's passphrase, or that of the file.</summary>
    public string? Passphrase { get; init; }
}
