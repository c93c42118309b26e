using System.Text.RegularExpressions;
using Microsoft.Extensions.Options;
using Platform.ServiceDefaults;

namespace Platform.Credentials.Kinds.IamCredential;

/// <summary>Keys of an AWS IAM user, or of an S3-compatible server, optionally to assume a role with (C1, R7; seed amazon-s3-import-export).</summary>
internal sealed partial class IamCredentialKind(IOptions<OutgoingOptions> outgoing) : CredentialKind
{
    public override string Name => "iam-credential";

    public override string Title => "IAM credential";

    public override string Description => "Access key and secret key of an IAM user, for Amazon S3 and servers that speak its protocol; optionally a role to assume with them.";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("accessKey", "Access key", "The access key id.") { Required = true, MaxLength = 128, Example = "AKIAIOSFODNN7EXAMPLE", Rule = Printable },
        new("secretKey", "Secret key", "The secret access key.") { Required = true, Secret = true, Rule = Printable },
        new("sessionToken", "Session token", "Only for temporary keys: the session token that came with them.") { Secret = true, MaxLength = 8192, Rule = Printable },
        new("region", "Region", "The region of the buckets.")
        {
            Required = true,
            MaxLength = 64,
            Example = "us-east-1",
            Rule = value => Region().IsMatch(value) ? null : $"'{value}' is no region: expected lower-case letters, digits and hyphens, for example us-east-1.",
        },
        new("endpoint", "Endpoint", "Only for servers other than Amazon's: the address of its S3 interface.") { Example = "https://s3.example.com", Rule = value => CheckEndpoint(value, outgoing.Value) },
        new("roleArn", "Role to assume", "The role that is assumed with these keys before any bucket is touched.")
        {
            MaxLength = 2048,
            Example = "arn:aws:iam::123456789012:role/courier",
            Rule = value => RoleArn().IsMatch(value) ? null : $"'{value}' is no role: expected arn:aws:iam::ACCOUNT:role/NAME with the 12 digits of the account.",
        },
        new("externalId", "External id", "The external id that the role's trust policy asks for.")
        {
            MaxLength = 1224,
            Rule = value => ExternalId().IsMatch(value) ? null : "An external id has 2 to 1224 letters, digits or any of _+=,.@:/- and nothing else.",
        },
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

    // The value is never quoted: the rule serves secret fields too.
    private static string? Printable(string value) => value.All(character => character is > ' ' and <= '~')
        ? null
        : "Contains a space, a line break or another character that keys never have. Was it copied whole and alone?";

    private static string? CheckEndpoint(string value, OutgoingOptions outgoing)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
        {
            return $"'{value}' is no address: expected https://HOST or https://HOST:PORT.";
        }

        if (uri.UserInfo.Length > 0 || uri.PathAndQuery != "/" || uri.Fragment.Length > 0)
        {
            return "The address must be https://HOST or https://HOST:PORT, without user, path, query or fragment.";
        }

        return uri.Scheme == "https" || outgoing.AllowPrivateHosts
            ? null
            : "Plain HTTP would send everything readably; use https, or let the operator set Outgoing:AllowPrivateHosts for servers inside the own network.";
    }

    [GeneratedRegex("^[a-z0-9-]+$")]
    private static partial Regex Region();

    // Amazon's accounts have 12 digits; S3-compatible servers name a tenant or nothing.
    [GeneratedRegex("^arn:aws[a-z-]*:iam::[A-Za-z0-9]{0,64}:role/[\\w+=,.@/-]+$")]
    private static partial Regex RoleArn();

    [GeneratedRegex("^[\\w+=,.@:/-]{2,1224}$")]
    private static partial Regex ExternalId();
}
