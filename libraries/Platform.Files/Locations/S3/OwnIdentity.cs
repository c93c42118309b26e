using Amazon.Runtime;
using Amazon.Runtime.Credentials;

namespace Platform.Files.Locations.S3;

/// <summary>The identity the platform itself runs under: its environment, web identity, container or instance role. Looked for when first needed, and kept fresh by the SDK.</summary>
internal sealed class OwnIdentity : AWSCredentials
{
    private readonly Lazy<AWSCredentials> _found = new(Find);

    public override ImmutableCredentials GetCredentials() => _found.Value.GetCredentials();

    public override Task<ImmutableCredentials> GetCredentialsAsync() => _found.Value.GetCredentialsAsync();

    private static AWSCredentials Find()
    {
        try
        {
            return DefaultAWSCredentialsIdentityResolver.GetCredentials();
        }
        catch (AmazonClientException e)
        {
            throw new LocationException(LocationFault.BadSettings,
                "Access is delegated to the platform, but it runs under no AWS identity of its own. Its operator must give it one: an instance or container role, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY in its environment.", e);
        }
    }
}
