namespace Platform.Credentials.Kinds.OptimizelyOauth;

/// <summary>An OAuth 2.0 application's consent to use Optimizely's REST API (C1; seed optimizely-brevo-connector).</summary>
internal sealed class OptimizelyOauthKind : CredentialKind
{
    public override string Name => "optimizely-oauth";

    public override string Title => "Optimizely OAuth application";

    public override string Description => "Client id, client secret and refresh token of an application registered with Optimizely; access tokens are bought with them when needed.";

    public override string TestedBy => "optimizely-brevo";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("clientId", "Client id", "The application's client id.") { Required = true, Rule = TextRules.Printable },
        new("clientSecret", "Client secret", "The application's client secret.") { Required = true, Secret = true, MaxLength = 1024, Rule = TextRules.Printable },
        new("refreshToken", "Refresh token", "The refresh token that the user's consent gave.") { Required = true, Secret = true, MaxLength = 4096, Rule = TextRules.Printable },
    ];

    // Both were issued to one client.
    public override IEnumerable<string> SecretBelongsTo(string secretField) => ["clientId"];
}
