using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.Runs;
using Platform.Files.Locations.S3;

namespace Platform.Couriers.Sources.Connections;

/// <summary>How each type of credential opens S3 (C1, R7).</summary>
internal sealed class S3Access(ExportKeys exportKeys)
{
    private const string DefaultRegion = "us-east-1";

    /// <summary>Types of credentials that open S3.</summary>
    public static IReadOnlyList<string> CredentialTypes { get; } = ["iam-credential", "iam-role", "optimizely-export"];

    public S3Options ToOptions(CredentialSecret secret, BucketPlace place) => secret.Type switch
    {
        "iam-credential" => Common(secret, place) with
        {
            AccessKey = secret.Required("accessKey"),
            SecretKey = secret.Required("secretKey"),
            SessionToken = secret.Field("sessionToken"),
        },
        "iam-role" => Delegated(secret, place),
        "optimizely-export" => Exported(secret, place),
        _ => throw new RunFailureException(FailureCategory.Configuration,
            $"The credential '{secret.Id}' is of the type {secret.Type}; a source in S3 needs one of the type {string.Join(" or ", CredentialTypes)}."),
    };

    private static S3Options Common(CredentialSecret secret, BucketPlace place) => new()
    {
        Bucket = place.Bucket,
        Endpoint = place.Endpoint ?? (secret.Field("endpoint") is { } own ? ParseEndpoint(own, secret.Id) : null),
        Region = secret.Field("region") ?? DefaultRegion,
        RoleArn = secret.Field("roleArn"),
        ExternalId = secret.Field("externalId"),
    };

    // Whoever may write couriers could otherwise read every bucket that trusts the platform.
    private static S3Options Delegated(CredentialSecret secret, BucketPlace place)
    {
        var allowed = (secret.Field("buckets") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (place.Bucket is { } bucket && !allowed.Contains(bucket, StringComparer.Ordinal))
        {
            throw new RunFailureException(FailureCategory.Configuration,
                $"The credential '{secret.Id}' does not delegate access to the bucket '{bucket}'; it names {(allowed.Length == 0 ? "none" : string.Join(", ", allowed))}. Add the bucket to the credential, and its policy to the bucket.");
        }

        return Common(secret, place);
    }

    // The keys of the export are Optimizely's; an endpoint of the credential's own has no meaning for them.
    private S3Options Exported(CredentialSecret secret, BucketPlace place)
    {
        var token = secret.Required("token");
        return new()
        {
            Bucket = place.Bucket,
            Endpoint = place.Endpoint,
            Region = DefaultRegion,
            BuyKeys = cancellationToken => exportKeys.BuyAsync(token, cancellationToken),
        };
    }

    private static Uri ParseEndpoint(string endpoint, string credentialId) => Uri.TryCreate(endpoint, UriKind.Absolute, out var uri)
        ? uri
        : throw new RunFailureException(FailureCategory.Configuration, $"The endpoint of the credential '{credentialId}' is no web address; expected for example https://s3.example.com.");
}
