using Amazon.Runtime;
using Amazon.S3;
using Xunit;

namespace Platform.Testing.Servers;

/// <summary>
/// Fixture: a bucket of its own on a real S3 server (radosgw), that of the environment variables <c>PLATFORM_TEST_S3</c> (endpoint), <c>PLATFORM_TEST_S3_ACCESS_KEY</c> and
/// <c>PLATFORM_TEST_S3_SECRET_KEY</c>, set by tests/run, or one started for this process.
/// </summary>
public sealed class S3Server : IAsyncLifetime
{
    /// <summary>The region radosgw signs for.</summary>
    public const string Region = "us-east-1";

    /// <summary>A role the keys may assume through STS; it may do everything with every bucket.</summary>
    public const string RoleArn = "arn:aws:iam:::role/S3Access";

    private static readonly Lazy<Task<Account>> Shared = new(FindAsync);

    /// <summary>For example <c>http://127.0.0.1:18000</c>.</summary>
    public string Endpoint { get; private set; } = "";

    /// <summary>Owner of every bucket.</summary>
    public string AccessKey { get; private set; } = "";

    /// <summary>Secret of <see cref="AccessKey"/>.</summary>
    public string SecretKey { get; private set; } = "";

    /// <summary>Client with the owner's keys.</summary>
    public AmazonS3Client Client { get; private set; } = null!;

    /// <summary>A fresh, empty bucket of this fixture's own.</summary>
    public string Bucket { get; private set; } = "";

    /// <summary>Another fresh bucket; its name.</summary>
    public async Task<string> CreateBucketAsync()
    {
        var bucket = $"test-{Guid.CreateVersion7():n}";
        await Client.PutBucketAsync(bucket);
        return bucket;
    }

    /// <summary>A client with other keys, for example wrong ones.</summary>
    public AmazonS3Client ClientWith(AWSCredentials credentials) => new(credentials, new AmazonS3Config
    {
        ServiceURL = Endpoint,
        ForcePathStyle = true,
        AuthenticationRegion = Region,
        RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
        ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
    });

    /// <inheritdoc/>
    public async ValueTask InitializeAsync()
    {
        (Endpoint, AccessKey, SecretKey) = await Shared.Value;
        Client = ClientWith(new BasicAWSCredentials(AccessKey, SecretKey));
        Bucket = await CreateBucketAsync();
    }

    /// <summary>Buckets are left behind: the server forgets everything when it stops.</summary>
    public ValueTask DisposeAsync()
    {
        Client?.Dispose();
        return ValueTask.CompletedTask;
    }

    private static async Task<Account> FindAsync()
    {
        if (Environment.GetEnvironmentVariable("PLATFORM_TEST_S3") is { Length: > 0 } endpoint)
        {
            return new(endpoint, Required("PLATFORM_TEST_S3_ACCESS_KEY"), Required("PLATFORM_TEST_S3_SECRET_KEY"));
        }

        var ports = FreePorts.Take(2);
        var server = await HeldServer.StartAsync("s3", ports[0], ports[1]);
        return new($"http://127.0.0.1:{ports[0]}",
            await File.ReadAllTextAsync(Path.Combine(server.Folder, "access-key")),
            await File.ReadAllTextAsync(Path.Combine(server.Folder, "secret-key")));
    }

    private static string Required(string variable) => Environment.GetEnvironmentVariable(variable)
        ?? throw new InvalidOperationException($"PLATFORM_TEST_S3 is set and {variable} is not.");

    private sealed record Account(string Endpoint, string AccessKey, string SecretKey);
}
