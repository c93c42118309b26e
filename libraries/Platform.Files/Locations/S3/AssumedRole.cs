using Amazon.Runtime;
using Amazon.SecurityToken;
using Amazon.SecurityToken.Model;

namespace Platform.Files.Locations.S3;

/// <summary>Gets keys from STS for a role of another account (R7).</summary>
internal sealed class AssumedRole(AWSCredentials keys, S3Options options, AmazonSecurityTokenServiceConfig config)
{
    public async Task<TemporaryKeys> AssumeAsync(CancellationToken cancellationToken)
    {
        using var sts = new AmazonSecurityTokenServiceClient(keys, config);
        var answer = await sts.AssumeRoleAsync(
            new AssumeRoleRequest
            {
                RoleArn = options.RoleArn,
                ExternalId = string.IsNullOrEmpty(options.ExternalId) ? null : options.ExternalId,
                RoleSessionName = "courier-platform",
            },
            cancellationToken);
        return new(answer.Credentials.AccessKeyId, answer.Credentials.SecretAccessKey, answer.Credentials.SessionToken, answer.Credentials.Expiration!.Value.ToUniversalTime());
    }
}
