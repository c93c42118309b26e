using Platform.ServiceDefaults;

namespace Platform.Credentials.Kinds.IamCredential;

/// <summary>Keys of an AWS IAM user, or of an S3-compatible server, optionally to assume a role with (C1, R7; seed amazon-s3-import-export).</summary>
internal sealed class IamCredentialKind(HostRules hosts) : CredentialKind
{
    public override string Name => "iam-credential";

    public override string Title => "IAM credential";

    public override string Description => "Access key and secret key of an IAM user, for Amazon S3 and servers that speak its protocol; optionally a role to assume with them.";

    public override string TestedBy => "couriers";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("accessKey", "Access key", "The access key id.") { Required = true, MaxLength = 128, Example = "AKIAIOSFODNN7EXAMPLE", Rule = TextRules.Printable },
        new("secretKey", "Secret key", "The secret access key.") { Required = true, Secret = true, Rule = TextRules.Printable },
        new("sessionToken", "Session token", "Only for temporary keys: the session token that came with them.") { Secret = true, MaxLength = 8192, Rule = TextRules.Printable },
        new("region", "Region", "The region of the buckets.") { Required = true, MaxLength = 64, Example = "us-east-1", Rule = TextRules.Region },
        new("endpoint", "Endpoint", "Only for servers other than Amazon's: the address of its S3 interface.") { Example = "https://s3.example.com", Rule = hosts.Endpoint },
        new("roleArn", "Role to assume", "The role that is assumed with these keys before any bucket is touched.")
        {
            MaxLength = 2048,
            Example = "arn:aws:iam::123456789012:role/courier",
            Rule = TextRules.RoleArn,
        },
        new("externalId", "External id", "The external id that the role's trust policy asks for.") { MaxLength = 1224, Rule = TextRules.ExternalId },
    ];

    // A changed access key with the old secret key can only fail, and would fail far from here.
    public override IEnumerable<string> SecretBelongsTo(string secretField) => secretField is "secretKey" or "sessionToken" ? ["accessKey"] : [];

    protected override IEnumerable<FieldProblem> CheckTogether(IReadOnlyDictionary<string, string> fields)
    {
        if (fields.ContainsKey("externalId") && !fields.ContainsKey("roleArn"))
        {
            yield return new("$.fields.externalId", "An external id is sent when a role is assumed; name the role in roleArn, or leave the external id out.");
        }
    }
}
