namespace Platform.Files.Locations.S3;

/// <summary>Which bucket, and as whom. Holds secrets: never logged, never serialized.</summary>
public sealed class S3Options
{
    /// <summary>The bucket; null where only the buckets themselves are listed.</summary>
    public string? Bucket { get; init; }

    /// <summary>AWS region of the bucket, for example <c>us-east-1</c>.</summary>
    public required string Region { get; init; }

    /// <summary>Address of an S3-compatible server; null for Amazon's own.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Access key id.</summary>
    public required string AccessKey { get; init; }

    /// <summary>Secret access key.</summary>
    public required string SecretKey { get; init; }

    /// <summary>Session token that belongs to temporary keys.</summary>
    public string? SessionToken { get; init; }

    /// <summary>Role to assume with the keys above, for buckets of another account (R7).</summary>
    public string? RoleArn { get; init; }

    /// <summary>External id the role's trust policy asks for.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Says where, and nothing else.</summary>
    public override string ToString() => $"s3://{Bucket} ({Endpoint?.Authority ?? Region})";
}
