using Platform.Files.Locations.S3;

namespace Platform.Files.Locations.Landing;

/// <summary>A bucket of the platform's own. Section <c>Landing:S3</c>; given with empty values it counts as left out.</summary>
public sealed class LandingBucketOptions
{
    internal const string Section = "Landing:S3";

    /// <summary>Name of the bucket; it must exist and hold nothing else.</summary>
    public string? Bucket { get; set; }

    /// <summary>Address of an S3-compatible server; Amazon's own without it.</summary>
    public Uri? Endpoint { get; set; }

    /// <summary>AWS region of the bucket.</summary>
    public string Region { get; set; } = "us-east-1";

    /// <summary>Access key id; without it the platform's own identity is used: its environment, instance or container role.</summary>
    public string? AccessKey { get; set; }

    /// <summary>Secret access key; better given by <see cref="SecretKeyFile"/>.</summary>
    public string? SecretKey { get; set; }

    /// <summary>File that holds the secret access key and nothing else.</summary>
    public string? SecretKeyFile { get; set; }

    internal bool IsGiven => HasBucket || HasKey || HasSecret || Endpoint is not null;

    private bool HasBucket => !string.IsNullOrWhiteSpace(Bucket);

    private bool HasKey => !string.IsNullOrWhiteSpace(AccessKey);

    private bool HasSecret => !string.IsNullOrWhiteSpace(SecretKey) || !string.IsNullOrWhiteSpace(SecretKeyFile);

    internal IEnumerable<string> Problems()
    {
        if (!HasBucket)
        {
            yield return $"The setting {Section}:Bucket is missing. It must be the name of the bucket that holds landed files; leave all of {Section} out to keep them in the folder Landing:Root.";
        }

        if (Endpoint is { } endpoint && !(endpoint.IsAbsoluteUri && endpoint.Scheme is "http" or "https"))
        {
            yield return $"The setting {Section}:Endpoint is '{endpoint}'. It must be an address such as https://s3.example.com; leave it out for Amazon's own.";
        }

        if (string.IsNullOrWhiteSpace(Region))
        {
            yield return $"The setting {Section}:Region is empty. It must be the region of the bucket, for example us-east-1.";
        }

        if (HasKey != HasSecret)
        {
            yield return $"{Section} has only one of AccessKey and SecretKey (or SecretKeyFile). Give both, or neither to use the platform's own identity.";
        }

        if (!string.IsNullOrWhiteSpace(SecretKeyFile) && !File.Exists(SecretKeyFile))
        {
            yield return $"The setting {Section}:SecretKeyFile names '{SecretKeyFile}', which does not exist or may not be read by the platform's user.";
        }
    }

    internal S3Options ToOptions() => new()
    {
        Bucket = Bucket,
        Endpoint = Endpoint,
        Region = Region,
        AccessKey = HasKey ? AccessKey : null,
        SecretKey = !HasKey ? null : string.IsNullOrWhiteSpace(SecretKeyFile) ? SecretKey : File.ReadAllText(SecretKeyFile).Trim(),
        Section = Section,
    };
}
