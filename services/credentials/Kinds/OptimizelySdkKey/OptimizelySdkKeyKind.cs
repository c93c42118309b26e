namespace Platform.Credentials.Kinds.OptimizelySdkKey;

/// <summary>The SDK key of one Optimizely environment, which names its datafile (C1; seed optimizely-brevo-connector).</summary>
internal sealed class OptimizelySdkKeyKind : CredentialKind
{
    public override string Name => "optimizely-sdk-key";

    public override string Title => "Optimizely SDK key";

    public override string Description => "The SDK key of one environment of an Optimizely project; decisions are made with the datafile it names.";

    public override string TestedBy => "optimizely-brevo";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("sdkKey", "SDK key", "The environment's SDK key, from Settings > Environments in Optimizely.") { Required = true, Secret = true, MaxLength = 128, Rule = Key },
    ];

    // It becomes part of an address, so nothing that has a meaning there.
    private static string? Key(string value) => value.All(character => char.IsAsciiLetterOrDigit(character) || character is '_' or '-' or '.' or '~') && value.Trim('.').Length > 0
        ? null
        : "An SDK key has letters, digits, hyphens and underscores only. Was it copied whole and alone?";
}
