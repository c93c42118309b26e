using System.Buffers;
using Amazon.S3;
using Amazon.S3.Model;

namespace Platform.Files.Locations.S3;

/// <summary>Writes one object: small ones with one request, larger ones in parts. Nothing is visible before the last request; a fault aborts the parts.</summary>
internal sealed class S3Upload(AmazonS3Client client, S3Options options, string key, TimeProvider clock)
{
    /// <summary>10,000 parts of this size hold 156 GiB.</summary>
    private const int PartSize = 16 * 1024 * 1024;

    /// <summary>Time for one request, all retries included: 16 MB at 1 Mbit/s take two minutes.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(5);

    private readonly List<PartETag> _parts = [];
    private string? _uploadId;
    private int _filled;

    public async Task<WrittenFile> RunAsync(Stream content, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(PartSize);
        try
        {
            var written = await HashedCopy.CopyAsync(content, (bytes, token) => AddAsync(buffer, bytes, token), cancellationToken);
            await EndAsync(buffer, cancellationToken);
            return written;
        }
        catch
        {
            await AbortAsync();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask AddAsync(byte[] buffer, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            if (_filled == PartSize)
            {
                await SendPartAsync(buffer, cancellationToken);
            }

            var take = Math.Min(bytes.Length, PartSize - _filled);
            bytes[..take].CopyTo(buffer.AsMemory(_filled));
            _filled += take;
            bytes = bytes[take..];
        }
    }

    private async Task SendPartAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        _uploadId ??= (await CallAsync(token => client.InitiateMultipartUploadAsync(options.Bucket, key, token), cancellationToken)).UploadId;
        var request = new UploadPartRequest
        {
            BucketName = options.Bucket,
            Key = key,
            UploadId = _uploadId,
            PartNumber = _parts.Count + 1,
            PartSize = _filled,
            InputStream = new MemoryStream(buffer, 0, _filled, writable: false),
            UseChunkEncoding = false,
        };
        var part = await CallAsync(token => client.UploadPartAsync(request, token), cancellationToken);
        _parts.Add(new(part.PartNumber ?? _parts.Count + 1, part.ETag));
        _filled = 0;
    }

    private async Task EndAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        if (_uploadId is null)
        {
            var whole = new PutObjectRequest
            {
                BucketName = options.Bucket,
                Key = key,
                InputStream = new MemoryStream(buffer, 0, _filled, writable: false),
                UseChunkEncoding = false,
            };
            await CallAsync(token => client.PutObjectAsync(whole, token), cancellationToken);
            return;
        }

        await SendPartAsync(buffer, cancellationToken);
        var complete = new CompleteMultipartUploadRequest { BucketName = options.Bucket, Key = key, UploadId = _uploadId, PartETags = _parts };
        await CallAsync(token => client.CompleteMultipartUploadAsync(complete, token), cancellationToken);
    }

    // Only what the server does is translated here: a fault of the content is its own source's.
    private async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            return await call(either.Token);
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && (S3Faults.IsFault(e) || e is OperationCanceledException or LocationException))
        {
            throw S3Faults.Translate(e, S3Faults.Doing.Writing, options, key);
        }
    }

    private async Task AbortAsync()
    {
        if (_uploadId is null)
        {
            return;
        }

        try
        {
            await CallAsync(token => client.AbortMultipartUploadAsync(options.Bucket, key, _uploadId, token), CancellationToken.None);
        }
        catch (LocationException)
        {
            // The first fault is the one to report; what is left is swept later, or by the server's own lifecycle rule.
        }
    }
}
