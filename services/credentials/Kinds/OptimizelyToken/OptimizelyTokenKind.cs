namespace Platform.Credentials.Kinds.OptimizelyToken;

/// <summary>A personal access token for Optimizely's REST API (C1; seed optimizely-brevo-connector).</summary>
internal sealed class OptimizelyTokenKind : CredentialKind
{
    public override string Name => "optimizely-token";

    public override string Title => "Optimizely access token";

    public override string Description => "A personal access token for Optimizely's REST API: experiments, results, audiences.";

    public override string TestedBy => "optimizely-brevo";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("token", "Personal access token", "The token, from Profile > API Access in Optimizely.") { Required = true, Secret = true, MaxLength = 1024, Rule = TextRules.Printable },
    ];
}
