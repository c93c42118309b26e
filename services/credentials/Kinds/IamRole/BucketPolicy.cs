using System.Text.Json.Nodes;

namespace Platform.Credentials.Kinds.IamRole;

/// <summary>What the owner of the buckets pastes (seed amazon-s3-import-export): no more than reading needs.</summary>
internal static class BucketPolicy
{
    private const string Version = "2012-10-17";

    /// <summary>The policy of one bucket for <paramref name="principal"/>.</summary>
    public static JsonObject Of(string bucket, string region, string principal)
    {
        var arn = $"arn:{PartitionOf(region)}:s3:::{bucket}";
        return new()
        {
            ["Version"] = Version,
            ["Statement"] = new JsonArray(
                Statement("ListForCouriers", principal, ["s3:GetBucketLocation", "s3:ListBucket"], arn),
                Statement("ReadForCouriers", principal, ["s3:GetObject"], $"{arn}/*")),
        };
    }

    /// <summary>The trust policy of a role that <paramref name="principal"/> assumes.</summary>
    public static JsonObject Trust(string principal, string? externalId)
    {
        var statement = new JsonObject { ["Effect"] = "Allow", ["Principal"] = new JsonObject { ["AWS"] = principal }, ["Action"] = "sts:AssumeRole" };
        if (externalId is not null)
        {
            statement["Condition"] = new JsonObject { ["StringEquals"] = new JsonObject { ["sts:ExternalId"] = externalId } };
        }

        return new() { ["Version"] = Version, ["Statement"] = new JsonArray(statement) };
    }

    private static JsonObject Statement(string id, string principal, string[] actions, string resource) => new()
    {
        ["Sid"] = id,
        ["Effect"] = "Allow",
        ["Principal"] = new JsonObject { ["AWS"] = principal },
        ["Action"] = new JsonArray([.. actions.Select(action => (JsonNode)action)]),
        ["Resource"] = resource,
    };

    private static string PartitionOf(string region) => region.StartsWith("cn-", StringComparison.Ordinal) ? "aws-cn" : region.StartsWith("us-gov-", StringComparison.Ordinal) ? "aws-us-gov" : "aws";
}
