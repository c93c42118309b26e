using System.Buffers;
using Amazon.S3;
using Amazon.S3.Model;

namespace Platform.Files.Locations.S3;

/// <summary>Writes one object: small ones with one request, larger ones in parts. Nothing is visible before the last request; a fault aborts the parts.</summary>
internal sealed class S3Upload(AmazonS3Client client, S3Options options, string key)
{
    /// <summary>10,000 parts of this size hold 156 GiB.</summary>
    private const int PartSize = 16 * 1024 * 1024;

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
        catch (Exception e)
        {
            await AbortAsync();
            if (S3Faults.IsFault(e) && !cancellationToken.IsCancellationRequested)
            {
                throw S3Faults.Translate(e, S3Faults.Doing.Writing, options, key);
            }

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
        _uploadId ??= (await client.InitiateMultipartUploadAsync(options.Bucket, key, cancellationToken)).UploadId;
        var part = await client.UploadPartAsync(new UploadPartRequest
        {
            BucketName = options.Bucket,
            Key = key,
            UploadId = _uploadId,
            PartNumber = _parts.Count + 1,
            PartSize = _filled,
            InputStream = new MemoryStream(buffer, 0, _filled, writable: false),
            UseChunkEncoding = false,
        }, cancellationToken);
        _parts.Add(new(part.PartNumber ?? _parts.Count + 1, part.ETag));
        _filled = 0;
    }

    private async Task EndAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        if (_uploadId is null)
        {
            await client.PutObjectAsync(new PutObjectRequest
            {
                BucketName = options.Bucket,
                Key = key,
                InputStream = new MemoryStream(buffer, 0, _filled, writable: false),
                UseChunkEncoding = false,
            }, cancellationToken);
            return;
        }

        await SendPartAsync(buffer, cancellationToken);
        await client.CompleteMultipartUploadAsync(new CompleteMultipartUploadRequest { BucketName = options.Bucket, Key = key, UploadId = _uploadId, PartETags = _parts }, cancellationToken);
    }

    private async Task AbortAsync()
    {
        if (_uploadId is null)
        {
            return;
        }

        try
        {
            await client.AbortMultipartUploadAsync(options.Bucket, key, _uploadId, CancellationToken.None);
        }
        catch (Exception e) when (S3Faults.IsFault(e))
        {
            // The first fault is the one to report; the server drops unfinished uploads by its own lifecycle rule.
        }
    }
}
