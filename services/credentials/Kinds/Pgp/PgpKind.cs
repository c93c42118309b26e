using Platform.ServiceDefaults;

namespace Platform.Credentials.Kinds.Pgp;

/// <summary>PGP keys: the private one opens what others encrypted, the public one encrypts for others (C1; seed optimizely-s3-source, "PGP credential").</summary>
internal sealed class PgpKind : CredentialKind
{
    private const int MostCharacters = 131_072;

    public override string Name => "pgp";

    public override string Title => "PGP keys";

    public override string Description => "A private key with its passphrase to decrypt files with, a public key to encrypt files for others, or both.";

    public override string TestedBy => "couriers";

    public override IReadOnlyList<string> UsedBy => ["couriers", "feeds", "campaigns"];

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("publicKey", "Public key", "Armored public key, from -----BEGIN PGP PUBLIC KEY BLOCK----- on.") { Multiline = true, MaxLength = MostCharacters, Rule = PgpRules.PublicKey, Normalize = KeyRules.Lines },
        new("privateKey", "Private key", "Armored private key, from -----BEGIN PGP PRIVATE KEY BLOCK----- on.") { Secret = true, Multiline = true, MaxLength = MostCharacters, Rule = PgpRules.PrivateKey, Normalize = KeyRules.Lines },
        new("passphrase", "Passphrase", "The private key's passphrase, when it has one.") { Secret = true, MaxLength = 1024, Rule = TextRules.OneLine },
    ];

    public override IEnumerable<string> SecretBelongsTo(string secretField) => secretField == "passphrase" ? ["privateKey"] : [];

    protected override IEnumerable<FieldProblem> CheckTogether(IReadOnlyDictionary<string, string> fields)
    {
        if (!fields.ContainsKey("publicKey") && !fields.ContainsKey("privateKey"))
        {
            yield return new("$.fields.privateKey", "At least one of privateKey and publicKey is needed.");
        }

        if (fields.ContainsKey("passphrase") && !fields.ContainsKey("privateKey"))
        {
            yield return new("$.fields.passphrase", "A passphrase opens a private key; there is none.");
        }
    }
}
