using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;

namespace Platform.Files.Locations.S3;

/// <summary>Keys bought from STS for a role of another account, bought anew before they run out, however long the run (R7).</summary>
internal sealed class AssumedRole : RefreshingAWSCredentials
{
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);

    private readonly AWSCredentials _keys;
    private readonly S3Options _options;
    private readonly AmazonSecurityTokenServiceConfig _config;

    public AssumedRole(AWSCredentials keys, S3Options options, AmazonSecurityTokenServiceConfig config)
    {
        _keys = keys;
        _options = options;
        _config = config;
        PreemptExpiryTime = Early;
    }

    protected override CredentialsRefreshState GenerateNewCredentials() => GenerateNewCredentialsAsync().GetAwaiter().GetResult();

    protected override async Task<CredentialsRefreshState> GenerateNewCredentialsAsync()
    {
        using var sts = new AmazonSecurityTokenServiceClient(_keys, _config);
        var answer = await sts.AssumeRoleAsync(new AssumeRoleRequest
        {
            RoleArn = _options.RoleArn,
            ExternalId = string.IsNullOrEmpty(_options.ExternalId) ? null : _options.ExternalId,
            RoleSessionName = "courier-platform",
        });
        return new(new(answer.Credentials.AccessKeyId, answer.Credentials.SecretAccessKey, answer.Credentials.SessionToken), answer.Credentials.Expiration!.Value);
    }
}
