namespace Platform.Files.Locations.S3;

/// <summary>Which bucket, and as whom. Holds secrets: never logged, never serialized.</summary>
public sealed record S3Options
{
    /// <summary>The bucket; null where only the buckets themselves are listed.</summary>
    public string? Bucket { get; init; }

    /// <summary>AWS region of the bucket, for example <c>us-east-1</c>.</summary>
    public required string Region { get; init; }

    /// <summary>Address of an S3-compatible server; null for Amazon's own.</summary>
    public Uri? Endpoint { get; init; }

    /// <summary>Access key id; null for keys that are bought (<see cref="BuyKeys"/>) or, without that, for the platform's own identity: its environment, instance or container role.</summary>
    public string? AccessKey { get; init; }

    /// <summary>Secret access key; null where <see cref="AccessKey"/> is.</summary>
    public string? SecretKey { get; init; }

    /// <summary>Gets temporary keys from whoever gives them out; called again before they expire, however long the location is used (R7).</summary>
    public Func<CancellationToken, Task<TemporaryKeys>>? BuyKeys { get; init; }

    /// <summary>Session token that belongs to temporary keys.</summary>
    public string? SessionToken { get; init; }

    /// <summary>Role to assume with the keys above, for buckets of another account (R7).</summary>
    public string? RoleArn { get; init; }

    /// <summary>External id the role's trust policy asks for.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Configuration section of a bucket that is the platform's own: its faults name the section, not a courier or a credential.</summary>
    public string? Section { get; init; }

    /// <summary>Says where, and nothing else.</summary>
    public override string ToString() => $"s3://{Bucket} ({Endpoint?.Authority ?? Region})";

    /// <summary>True when the keys that sign are got anew from time to time.</summary>
    internal bool HasTemporaryKeys => BuyKeys is not null || RoleArn is { Length: > 0 };
}

/// <summary>Keys for a while. Secret: never logged.</summary>
/// <param name="AccessKey">Access key id.</param>
/// <param name="SecretKey">Secret access key.</param>
/// <param name="SessionToken">The session token that belongs to them.</param>
/// <param name="ExpiresAt">UTC.</param>
public sealed record TemporaryKeys(string AccessKey, string SecretKey, string SessionToken, DateTimeOffset ExpiresAt)
{
    /// <summary>Says until when, and nothing else.</summary>
    public override string ToString() => $"keys until {ExpiresAt:u}";
}
