namespace Platform.Credentials.Kinds.OptimizelyExport;

/// <summary>A personal token that buys temporary S3 keys for an account's event export (C1; seed optimizely-s3-source; Optimizely's <c>/v2/export/credentials</c>).</summary>
internal sealed class OptimizelyExportKind : CredentialKind
{
    public override string Name => "optimizely-export";

    public override string Title => "Optimizely event export";

    public override string Description => "A personal access token of Optimizely, exchanged for temporary keys to the bucket with the account's enriched events.";

    public override string TestedBy => "couriers";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("token", "Personal access token", "The token, from Profile > API Access in Optimizely.") { Required = true, Secret = true, MaxLength = 1024, Rule = TextRules.Printable },
        new("accountId", "Account id", "The Optimizely account whose events are exported.") { Required = true, MaxLength = 20, Example = "12345678", Rule = TextRules.Digits },
    ];

    // Temporary keys are for one account; a token of another person's account must be entered with it.
    public override IEnumerable<string> SecretBelongsTo(string secretField) => ["accountId"];
}
