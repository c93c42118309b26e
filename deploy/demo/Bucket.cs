using Amazon.Runtime;
using Amazon.S3;
using Amazon.S3.Model;
using Amazon.S3.Util;

namespace Platform.Demo;

/// <summary>Plays Optimizely's side: puts partitions into the bucket, the data first and each <c>_SUCCESS</c> last, as Spark does.</summary>
internal sealed class Bucket : IDisposable
{
    public const string Name = "optimizely-events-data";
    public const string Region = "us-east-1";
    private const string Marker = "_SUCCESS";
    private readonly AmazonS3Client _s3;

    public Bucket(DemoOptions options) => _s3 = new(
        new BasicAWSCredentials(options.S3AccessKey, options.S3SecretKey),
        new AmazonS3Config
        {
            ServiceURL = options.S3.ToString(),
            ForcePathStyle = true,
            AuthenticationRegion = Region,
            RequestChecksumCalculation = RequestChecksumCalculation.WHEN_REQUIRED,
            ResponseChecksumValidation = ResponseChecksumValidation.WHEN_REQUIRED,
        });

    /// <summary>Uploads everything below <paramref name="folder"/> to <c>v1/</c>; returns what was found.</summary>
    public async Task<IReadOnlyList<Partition>> UploadAsync(string folder)
    {
        if (!await AmazonS3Util.DoesS3BucketExistV2Async(_s3, Name))
        {
            await _s3.PutBucketAsync(Name);
        }

        var partitions = new Dictionary<string, Partition>();
        var files = Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(file => (Path: file, Key: Path.GetRelativePath(folder, file).Replace('\\', '/')))
            .Where(file => file.Key.StartsWith("account_id=", StringComparison.Ordinal) && Partition.TryParse(file.Key) is not null)
            .OrderBy(file => file.Key.EndsWith(Marker, StringComparison.Ordinal)).ThenBy(file => file.Key, StringComparer.Ordinal);
        foreach (var (path, key) in files)
        {
            await using var stream = File.OpenRead(path);
            var length = stream.Length;
            await _s3.PutObjectAsync(new PutObjectRequest { BucketName = Name, Key = $"v1/{key}", InputStream = stream, UseChunkEncoding = false });
            if (!key.EndsWith(Marker, StringComparison.Ordinal))
            {
                var partition = Partition.TryParse(key)!;
                var known = partitions.GetValueOrDefault(partition.ToString(), partition);
                partitions[partition.ToString()] = known with { Files = known.Files + 1, Bytes = known.Bytes + length };
            }
        }

        return [.. partitions.Values.OrderBy(partition => partition.ToString(), StringComparer.Ordinal)];
    }

    public async Task PutAsync(string key, string path)
    {
        await using var stream = File.OpenRead(path);
        await _s3.PutObjectAsync(new PutObjectRequest { BucketName = Name, Key = key, InputStream = stream, UseChunkEncoding = false });
    }

    public async Task DeleteAsync(IEnumerable<string> keys)
    {
        foreach (var key in keys)
        {
            await _s3.DeleteObjectAsync(Name, key);
        }
    }

    public void Dispose() => _s3.Dispose();
}

/// <summary>One <c>account_id=…/type=…[/date=…]</c> of the export.</summary>
internal sealed record Partition(string Account, string Type, DateOnly? Date)
{
    public int Files { get; init; }

    public long Bytes { get; init; }

    public static Partition? TryParse(string key)
    {
        var levels = key.Split('/').Where(level => level.Contains('=')).ToDictionary(level => level[..level.IndexOf('=')], level => level[(level.IndexOf('=') + 1)..]);
        return levels.TryGetValue("account_id", out var account) && levels.TryGetValue("type", out var type)
            ? new(account, type, levels.TryGetValue("date", out var date) ? DateOnly.ParseExact(date, "yyyy-MM-dd") : null)
            : null;
    }

    public override string ToString() => $"account_id={Account}/type={Type}{(Date is { } date ? $"/date={date:yyyy-MM-dd}" : "")}";
}
