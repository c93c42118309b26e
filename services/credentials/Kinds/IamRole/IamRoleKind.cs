using Platform.ServiceDefaults;

namespace Platform.Credentials.Kinds.IamRole;

/// <summary>Delegated access to buckets of others, without keys (C1, R7; seed amazon-s3-import-export, "Delegating Access via AWS IAM").</summary>
internal sealed class IamRoleKind(HostRules hosts) : CredentialKind
{
    public override string Name => "iam-role";

    public override string Title => "Delegated access";

    public override string Description =>
        "No keys: the buckets' owner allows the platform's own identity, or a role it assumes, with the policy of GET /api/credentials/{id}/bucket-policy.";

    public override string TestedBy => "couriers";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("buckets", "Buckets", "The buckets that may be used, separated by commas.")
        {
            Required = true,
            MaxLength = 8192,
            Example = "acme-exports,acme-archive",
            Rule = TextRules.Buckets,
            Normalize = TextRules.List,
        },
        new("region", "Region", "The region of the buckets.") { Required = true, MaxLength = 64, Example = "us-east-1", Rule = TextRules.Region },
        new("roleArn", "Role to assume", "A role of the owner's account to assume; without it the platform's own identity reaches the buckets.")
        {
            MaxLength = 2048,
            Example = "arn:aws:iam::123456789012:role/courier",
            Rule = TextRules.RoleArn,
        },
        new("externalId", "External id", "The external id that the role's trust policy asks for.") { MaxLength = 1224, Rule = TextRules.ExternalId },
        new("endpoint", "Endpoint", "Only for servers other than Amazon's: the address of its S3 interface.") { Example = "https://s3.example.com", Rule = hosts.Endpoint },
    ];

    protected override IEnumerable<FieldProblem> CheckTogether(IReadOnlyDictionary<string, string> fields)
    {
        if (fields.ContainsKey("externalId") && !fields.ContainsKey("roleArn"))
        {
            yield return new("$.fields.externalId", "An external id is sent when a role is assumed; name the role in roleArn, or leave the external id out.");
        }
    }
}
