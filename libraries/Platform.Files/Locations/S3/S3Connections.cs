using Amazon;
using Amazon.Runtime;
using Amazon.S3;
using Amazon.SecurityToken;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Files.Locations.S3;

/// <summary>
/// Makes S3 clients that share one guarded pool of connections. One instance per process: a client of its own would shake hands anew for every run.
/// </summary>
public sealed class S3Connections : IDisposable
{
    private const int Retries = 3;

    private readonly GuardedHttp _http;

    /// <summary>Connections go only where <paramref name="guard"/> allows.</summary>
    public S3Connections(AddressGuard guard)
    {
        Guard = guard;
        _http = new(new WholeAnswers(guard.CreateHandler()));
    }

    /// <summary>What addresses are allowed.</summary>
    public AddressGuard Guard { get; }

    /// <summary>A bucket as a location. Nothing is connected to before the first use.</summary>
    public S3Location Open(S3Options options, TimeProvider clock) => new(this, options, clock);

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    internal AmazonS3Client CreateClient(S3Options options, TimeProvider clock)
    {
        if (options.Endpoint is { } endpoint && Guard.WhyRefused(endpoint) is { } reason)
        {
            throw new LocationException(LocationFault.AddressRefused, reason);
        }

        var keys = Keys(options, clock);
        return new(
            options.RoleArn is { Length: > 0 } ? new BoughtKeys(new AssumedRole(keys, options, Configure(new AmazonSecurityTokenServiceConfig(), options)).AssumeAsync, clock) : keys,
            S3Config(options));
    }

    private static AWSCredentials Keys(S3Options options, TimeProvider clock) => options switch
    {
        { BuyKeys: { } buy } => new BoughtKeys(buy, clock),
        { AccessKey: null } => new OwnIdentity(),
        { SessionToken.Length: > 0 } => new SessionAWSCredentials(options.AccessKey, options.SecretKey, options.SessionToken),
        _ => new BasicAWSCredentials(options.AccessKey, options.SecretKey),
    };

    private AmazonS3Config S3Config(S3Options options)
    {
        var config = Configure(new AmazonS3Config(), options);
        config.ForcePathStyle = options.Endpoint is not null;

        // Other servers know neither the trailing checksums nor the CRC headers of newer AWS clients; integrity is ours by SHA-256 and size.
        config.RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED;
        config.ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED;
        return config;
    }

    private TConfig Configure<TConfig>(TConfig config, S3Options options)
        where TConfig : ClientConfig
    {
        if (options.Endpoint is { } endpoint)
        {
            config.ServiceURL = endpoint.ToString();
            config.AuthenticationRegion = options.Region;
        }
        else
        {
            config.RegionEndpoint = RegionEndpoint.GetBySystemName(options.Region);
        }

        config.HttpClientFactory = _http;
        config.RetryMode = RequestRetryMode.Standard;
        config.MaxErrorRetry = Retries;
        return config;
    }

    /// <summary>Hands the SDK HTTP clients above the one guarded handler.</summary>
    private sealed class GuardedHttp(HttpMessageHandler handler) : HttpClientFactory, IDisposable
    {
        public override HttpClient CreateHttpClient(IClientConfig clientConfig) => new(handler, disposeHandler: false) { Timeout = Timeout.InfiniteTimeSpan };

        public override bool UseSDKHttpClientCaching(IClientConfig clientConfig) => false;

        public override bool DisposeHttpClientsAfterUse(IClientConfig clientConfig) => false;

        public void Dispose() => handler.Dispose();
    }
}
