using System.Net;
using Amazon.Runtime;
using Amazon.SecurityToken;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Files.Locations.S3;

/// <summary>The one place that turns what S3, STS and the network say into a fault with its remedy (C3, R6). Server texts are not repeated: they may quote keys.</summary>
internal static class S3Faults
{
    public enum Doing
    {
        Listing,
        Reading,
        Writing,
        Deleting,
    }

    public static bool IsFault(Exception e) => e is AmazonClientException or AmazonServiceException or HttpRequestException or IOException or TimeoutException;

    public static LocationException Translate(Exception e, Doing doing, S3Options options, string? key)
    {
        for (var inner = e; inner is not null; inner = inner.InnerException)
        {
            if (inner is LocationException already)
            {
                return already;
            }
        }

        var fault = Name(e, doing, options, key);
        return options.Section is { } section ? Own(fault, doing, options, section) : fault;
    }

    private static LocationException Name(Exception e, Doing doing, S3Options options, string? key)
    {
        if (AddressRefusedException.In(e) is { } refused)
        {
            return new(LocationFault.AddressRefused, refused.Message, e);
        }

        var what = key is null ? options.Bucket is null ? "the buckets" : $"s3://{options.Bucket}" : $"s3://{options.Bucket}/{key}";
        if (FindServiceException(e) is not { ErrorCode: { Length: > 0 } } service)
        {
            return new(LocationFault.Unavailable,
                $"{options.Endpoint?.Authority ?? $"Amazon S3 in {options.Region}"} does not answer ({Network(e)}) while {Verb(doing)} {what}. Check the endpoint and the network.", e);
        }

        return service is AmazonSecurityTokenServiceException ? Role(service, options) : FromCode(service, doing, options, what);
    }

    // No user's credential can mend it, only the operator.
    private static LocationException Own(LocationException fault, Doing doing, S3Options options, string section) => fault.IsTransient || fault.Fault == LocationFault.FileMissing
        ? fault
        : new(LocationFault.BadSettings, $"{Server(options)} refuses {Verb(doing)} in the platform's own bucket '{options.Bucket}': {Short(fault.Fault)}. The platform's operator must correct the settings {section}.", fault);

    private static string Short(LocationFault fault) => fault switch
    {
        LocationFault.UnknownIdentity => "the access key is not known there",
        LocationFault.WrongSecret => "the secret key does not belong to the access key",
        LocationFault.ExpiredCredential => "the keys have expired",
        LocationFault.AccessDenied => "the keys may not do this",
        LocationFault.DecryptionDenied => "the bucket's KMS key may not be used",
        LocationFault.ContainerMissing => "the bucket does not exist",
        _ => "region, name of the bucket or address cannot be right",
    };

    private static LocationException FromCode(AmazonServiceException e, Doing doing, S3Options options, string what) => e.ErrorCode switch
    {
        "InvalidAccessKeyId" => new(LocationFault.UnknownIdentity,
            $"The access key {Shorten(options.AccessKey)} is not known to {Server(options)}. Check the credential's access key; it may have been deleted or belong to another server.", e),
        "SignatureDoesNotMatch" => new(LocationFault.WrongSecret,
            $"The secret key does not belong to the access key {Shorten(options.AccessKey)}. Enter the credential's secret key again.", e),
        "ExpiredToken" or "ExpiredTokenException" or "TokenRefreshRequired" => new(LocationFault.ExpiredCredential,
            $"The temporary keys of the credential have expired. Enter new keys and a new session token.", e),
        "InvalidToken" or "InvalidClientTokenId" => new(LocationFault.WrongSecret, "The session token of the credential is not valid. Enter keys and session token again, all three from the same source.", e),
        "NoSuchBucket" => new(LocationFault.ContainerMissing, $"The bucket '{options.Bucket}' does not exist at {Server(options)}. Check the courier's setting 'bucket'.", e),
        "NoSuchKey" => new(LocationFault.FileMissing, $"{what} does not exist any more.", e),
        "PreconditionFailed" => new(LocationFault.FileChanged, $"{what} is no longer the object that was listed; it was replaced meanwhile.", e),
        "PermanentRedirect" or "AuthorizationHeaderMalformed" or "IllegalLocationConstraintException" => new(LocationFault.BadSettings,
            $"The bucket '{options.Bucket}' is not in the region {options.Region}. Set the credential's region to the bucket's.", e),
        "InvalidBucketName" => new(LocationFault.BadSettings, $"'{options.Bucket}' is no valid bucket name. Enter the bare name, without s3:// and without a path.", e),
        "RequestTimeTooSkewed" => new(LocationFault.BadSettings, $"The clock of this machine differs from that of {Server(options)} by more than 15 minutes. Set the clock.", e),
        "AccessDenied" or "AllAccessDisabled" or "AccountProblem" or "InvalidObjectState" => Denied(e, doing, options, what),
        "QuotaExceeded" => new(LocationFault.Full, $"{Server(options)} refuses to store more in '{options.Bucket}'. Free space there or raise its quota.", e),
        var code when code.StartsWith("KMS.", StringComparison.Ordinal) => new(LocationFault.DecryptionDenied,
            $"{what} is encrypted with a KMS key that cannot be used ({code}). The owner of the bucket must enable the key.", e),
        _ when e.StatusCode == HttpStatusCode.Forbidden => Denied(e, doing, options, what),
        _ when e.StatusCode == HttpStatusCode.NotFound => new(LocationFault.FileMissing, $"{what} does not exist.", e),
        _ when e.StatusCode == HttpStatusCode.PreconditionFailed => new(LocationFault.FileChanged, $"{what} is no longer the object that was listed; it was replaced meanwhile.", e),
        _ when (int)e.StatusCode is >= 400 and < 500 and not 408 and not 429 => new(LocationFault.BadSettings,
            $"{Server(options)} refuses {Verb(doing)} {what}: {e.ErrorCode} (HTTP {(int)e.StatusCode}).", e),
        _ => new(LocationFault.Unavailable, $"{Server(options)} could not complete {Verb(doing)} {what}: {e.ErrorCode} (HTTP {(int)e.StatusCode}).", e),
    };

    private static LocationException Denied(AmazonServiceException e, Doing doing, S3Options options, string what)
    {
        if (e.Message.Contains("kms:", StringComparison.OrdinalIgnoreCase))
        {
            return new(LocationFault.DecryptionDenied,
                $"{what} is encrypted with AWS KMS, and the credential lacks the permission kms:Decrypt on its key. The owner of the key must allow kms:Decrypt to the credential's user or role.", e);
        }

        return doing switch
        {
            Doing.Listing when options.Bucket is null => new(LocationFault.AccessDenied,
                "The keys are accepted, but may not list buckets (s3:ListAllMyBuckets). Name a bucket to test with.", e),
            Doing.Listing => new(LocationFault.AccessDenied,
                $"The keys are accepted, but may not list {what}. The bucket's owner must allow s3:ListBucket on arn:aws:s3:::{options.Bucket}.", e),
            Doing.Reading => new(LocationFault.AccessDenied,
                $"{what} may not be read. The bucket's owner must allow s3:GetObject on it and, if the object is encrypted with AWS KMS, kms:Decrypt on its key.", e),
            _ => new(LocationFault.AccessDenied, $"{what} may not be written. The bucket's owner must allow s3:PutObject and s3:DeleteObject on it.", e),
        };
    }

    private static LocationException Role(AmazonServiceException e, S3Options options) => e.ErrorCode switch
    {
        "InvalidClientTokenId" or "InvalidAccessKeyId" => new(LocationFault.UnknownIdentity,
            $"The access key {Shorten(options.AccessKey)} is not known to the token service. Check the credential's access key.", e),
        "SignatureDoesNotMatch" => new(LocationFault.WrongSecret,
            $"The secret key does not belong to the access key {Shorten(options.AccessKey)}. Enter the credential's secret key again.", e),
        _ when (int)e.StatusCode >= 500 => new(LocationFault.Unavailable, $"The token service could not assume {options.RoleArn}: {e.ErrorCode} (HTTP {(int)e.StatusCode}).", e),
        _ => new(LocationFault.AccessDenied,
            $"The role {options.RoleArn} may not be assumed ({e.ErrorCode}). Its trust policy must name the credential's user and, if it asks for one, the same external id.", e),
    };

    private static AmazonServiceException? FindServiceException(Exception? e) => e is AmazonServiceException service ? service : e is null ? null : FindServiceException(e.InnerException);

    private static string Network(Exception e) => e.InnerException is { } inner ? Network(inner) : e is OperationCanceledException or TimeoutException ? "time-out" : e.Message;

    private static string Server(S3Options options) => options.Endpoint?.Authority ?? "Amazon S3";

    // Enough to recognise a key by, as AWS's own console shows them.
    private static string Shorten(string? accessKey) => accessKey is not { Length: > 8 } ? "of the credential" : $"{accessKey[..4]}…{accessKey[^4..]}";

    private static string Verb(Doing doing) => doing switch
    {
        Doing.Listing => "listing",
        Doing.Reading => "reading",
        Doing.Writing => "writing",
        Doing.Deleting => "deleting",
        _ => throw new ArgumentOutOfRangeException(nameof(doing), doing, null),
    };
}
