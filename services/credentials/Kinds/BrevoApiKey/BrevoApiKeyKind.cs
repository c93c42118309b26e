namespace Platform.Credentials.Kinds.BrevoApiKey;

/// <summary>An API key of Brevo (C1; seed optimizely-brevo-connector).</summary>
internal sealed class BrevoApiKeyKind : CredentialKind
{
    public override string Name => "brevo-api-key";

    public override string Title => "Brevo API key";

    public override string Description => "A key for Brevo's REST API (v3), sent in the header api-key.";

    public override string TestedBy => "optimizely-brevo";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("apiKey", "API key", "The key, from SMTP & API > API Keys in Brevo; it begins with xkeysib-.") { Required = true, Secret = true, MaxLength = 512, Rule = Key },
    ];

    // The mistake people make: both keys stand on one page of Brevo, and this one only answers 401 later.
    private static string? Key(string value) =>
        value.StartsWith("xsmtpsib-", StringComparison.Ordinal) ? "This is an SMTP key (xsmtpsib-…); the REST API needs an API key (xkeysib-…)." : TextRules.Printable(value);
}
