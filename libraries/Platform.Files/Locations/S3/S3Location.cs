using System.Runtime.CompilerServices;
using Amazon.S3;
using Amazon.S3.Model;

namespace Platform.Files.Locations.S3;

/// <summary>A bucket. Objects encrypted with KMS are read like any other (R6); a role is assumed where the options name one (R7).</summary>
public sealed class S3Location : IFileLocation
{
    private const int PageSize = 1000;

    /// <summary>Time for a server to begin its answer, all retries included.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(60);

    private readonly S3Options _options;
    private readonly TimeProvider _clock;
    private readonly AmazonS3Client _client;

    internal S3Location(S3Connections connections, S3Options options, TimeProvider clock)
    {
        _options = options;
        _clock = clock;
        _client = connections.CreateClient(options, clock);
    }

    /// <inheritdoc/>
    public string Describe(string path) => $"s3://{_options.Bucket}/{path}";

    /// <inheritdoc/>
    public async IAsyncEnumerable<FileEntry> ListAsync(string prefix, ListDepth depth, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = prefix, Delimiter = depth == ListDepth.Level ? "/" : null, MaxKeys = PageSize };
        do
        {
            var page = await CallAsync(S3Faults.Doing.Listing, null, token => _client.ListObjectsV2Async(request, token), cancellationToken);
            foreach (var entry in Merge(page))
            {
                yield return entry;
            }

            request.ContinuationToken = page.IsTruncated == true ? page.NextContinuationToken : null;
        }
        while (request.ContinuationToken is not null);
    }

    /// <summary>At most <paramref name="limit"/> files and folders of one level, and the cursor of the next page; null on the last.</summary>
    public async Task<(IReadOnlyList<FileEntry> Entries, string? Next)> ListPageAsync(string prefix, int limit, string? cursor, CancellationToken cancellationToken)
    {
        var request = new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = prefix, Delimiter = "/", MaxKeys = Math.Min(limit, PageSize), ContinuationToken = cursor };
        var page = await CallAsync(S3Faults.Doing.Listing, null, token => _client.ListObjectsV2Async(request, token), cancellationToken);
        return ([.. Merge(page)], page.IsTruncated == true ? page.NextContinuationToken : null);
    }

    /// <summary>Names of the buckets the keys may list.</summary>
    public async Task<IReadOnlyList<string>> ListBucketsAsync(CancellationToken cancellationToken)
    {
        var found = await CallAsync(S3Faults.Doing.Listing, null, token => _client.ListBucketsAsync(token), cancellationToken);
        return [.. (found.Buckets ?? []).Select(bucket => bucket.BucketName).Order(StringComparer.Ordinal)];
    }

    /// <summary>
    /// Proves that the keys are accepted: lists the bucket's first key below <paramref name="prefix"/>, or without a bucket the buckets. Throws what is wrong; returns what was found, for a person.
    /// </summary>
    public async Task<string> ProbeAsync(string? prefix, CancellationToken cancellationToken)
    {
        if (_options.Bucket is null)
        {
            var buckets = await CallAsync(S3Faults.Doing.Listing, null, token => _client.ListBucketsAsync(token), cancellationToken);
            return $"{buckets.Buckets?.Count ?? 0} buckets visible";
        }

        var request = new ListObjectsV2Request { BucketName = _options.Bucket, Prefix = prefix, MaxKeys = 1 };
        var page = await CallAsync(S3Faults.Doing.Listing, null, token => _client.ListObjectsV2Async(request, token), cancellationToken);
        return page.S3Objects is { Count: > 0 } ? "objects visible" : "no object visible";
    }

    /// <inheritdoc/>
    public async Task<Stream> OpenReadAsync(string path, ReadRange range, CancellationToken cancellationToken)
    {
        var request = new GetObjectRequest { BucketName = _options.Bucket, Key = path, EtagToMatch = range.ETag is { } tag ? $"\"{tag}\"" : null };
        if (range.Offset > 0 || range.Length is not null)
        {
            request.ByteRange = range.Length is { } length ? new(range.Offset, range.Offset + length - 1) : new($"bytes={range.Offset}-");
        }

        var response = await CallAsync(S3Faults.Doing.Reading, path, token => _client.GetObjectAsync(request, token), cancellationToken);
        return new ObjectStream(response);
    }

    /// <inheritdoc/>
    public Task<WrittenFile> WriteAsync(string path, Stream content, CancellationToken cancellationToken) => WriteAsync(path, content, null, cancellationToken);

    /// <summary>The same for content that is said to have <paramref name="expected"/> bytes: it takes no more memory than it needs.</summary>
    internal Task<WrittenFile> WriteAsync(string path, Stream content, long? expected, CancellationToken cancellationToken) =>
        new S3Upload(_client, _options, path, expected, _clock).RunAsync(content, cancellationToken);

    /// <inheritdoc/>
    public Task DeleteAsync(string path, CancellationToken cancellationToken) =>
        CallAsync(S3Faults.Doing.Deleting, path, token => _client.DeleteObjectAsync(_options.Bucket, path, token), cancellationToken);

    /// <summary>Aborts uploads in parts that began before <paramref name="before"/> and were never completed: their writer was killed. Returns how many.</summary>
    public async Task<int> AbortUploadsAsync(DateTimeOffset before, CancellationToken cancellationToken)
    {
        var aborted = 0;
        var request = new ListMultipartUploadsRequest { BucketName = _options.Bucket };
        ListMultipartUploadsResponse page;
        do
        {
            page = await CallAsync(S3Faults.Doing.Listing, null, token => _client.ListMultipartUploadsAsync(request, token), cancellationToken);
            foreach (var upload in (page.MultipartUploads ?? []).Where(upload => upload.Initiated?.ToUniversalTime() < before.UtcDateTime))
            {
                try
                {
                    await CallAsync(S3Faults.Doing.Deleting, upload.Key, token => _client.AbortMultipartUploadAsync(_options.Bucket, upload.Key, upload.UploadId, token), cancellationToken);
                    aborted++;
                }
                catch (LocationException e) when (e.Fault == LocationFault.FileMissing)
                {
                    // Another instance swept it first.
                }
            }

            request.KeyMarker = page.NextKeyMarker;
            request.UploadIdMarker = page.NextUploadIdMarker;
        }
        while (page.IsTruncated == true);
        return aborted;
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static IEnumerable<FileEntry> Merge(ListObjectsV2Response page)
    {
        var files = (page.S3Objects ?? []).Select(found => new FileEntry(found.Key, found.Size ?? 0, found.ETag?.Trim('"'),
            found.LastModified is { } at ? new DateTimeOffset(at.ToUniversalTime()) : null));
        return page.CommonPrefixes is { Count: > 0 } folders
            ? files.Concat(folders.Select(folder => new FileEntry(folder, 0, null, null) { IsFolder = true })).OrderBy(entry => entry.Path, StringComparer.Ordinal)
            : files;
    }

    // The SDK asks for the key and the token of one request one after the other: where new keys come in between, the two do not belong together, and the call is made once more.
    private async Task<T> CallAsync<T>(S3Faults.Doing doing, string? key, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await CallOnceAsync(doing, key, call, cancellationToken);
        }
        catch (LocationException e) when (_options.HasTemporaryKeys && e.Fault is (LocationFault.UnknownIdentity or LocationFault.WrongSecret or LocationFault.ExpiredCredential))
        {
            return await CallOnceAsync(doing, key, call, cancellationToken);
        }
    }

    private async Task<T> CallOnceAsync<T>(S3Faults.Doing doing, string? key, Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await call(either.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && (S3Faults.IsFault(e) || e is OperationCanceledException or LocationException))
        {
            throw S3Faults.Translate(e, doing, _options, key);
        }
    }

    /// <summary>The body of an object; closing it before its end drops the connection instead of reading the rest.</summary>
    private sealed class ObjectStream(GetObjectResponse response) : Stream
    {
        private readonly Stream _body = response.ResponseStream;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => _body.ReadAsync(buffer, cancellationToken);

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => _body.ReadAsync(buffer, offset, count, cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => _body.Read(buffer, offset, count);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                response.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
