using Platform.Couriers.Sources;

namespace Platform.Couriers.Passport;

/// <summary>A path as a person writes it: <c>s3://bucket/key</c>, <c>sftp:/directory/file</c>, or a key alone.</summary>
internal sealed record SourcePath(string Text, string? Bucket, string Key, bool IsSftp)
{
    private const string S3 = "s3://";
    private const string Sftp = "sftp:";

    public static SourcePath Read(string text)
    {
        if (text.StartsWith(S3, StringComparison.OrdinalIgnoreCase))
        {
            var slash = text.IndexOf('/', S3.Length);
            return slash < 0 ? new(text, text[S3.Length..], "", false) : new(text, text[S3.Length..slash], text[(slash + 1)..], false);
        }

        return text.StartsWith(Sftp, StringComparison.OrdinalIgnoreCase) ? new(text, null, text[Sftp.Length..], true) : new(text, null, text, false);
    }

    /// <summary>The key as the courier's patterns see it, without the layout's prefix; null when the path lies elsewhere.</summary>
    public string? Below(SourceLayout layout) => layout.Place switch
    {
        BucketPlace bucket when IsSftp || (Bucket is not null && Bucket != bucket.Bucket) => null,
        BucketPlace => Key.StartsWith(layout.Prefix, StringComparison.Ordinal) ? Key[layout.Prefix.Length..] : null,
        SftpPlace when Bucket is not null => null,
        SftpPlace { Directory.Length: 0 } => Key,
        SftpPlace place => Key.StartsWith(place.Directory.TrimEnd('/') + "/", StringComparison.Ordinal) ? Key[(place.Directory.TrimEnd('/').Length + 1)..] : Key.StartsWith('/') ? null : Key,
        _ => throw new InvalidOperationException($"Unknown place {layout.Place.GetType().Name}."),
    };
}
