using System.Buffers;
using Amazon.S3;
using Amazon.S3.Model;

namespace Platform.Files.Locations.S3;

/// <summary>Writes one object: small ones with one request, larger ones in parts. Nothing is visible before the last request; a fault aborts the parts.</summary>
/// <param name="client">Sends the requests.</param>
/// <param name="options">The bucket.</param>
/// <param name="key">Of the object.</param>
/// <param name="expected">Bytes the content is said to have, which decides how much memory the upload takes; <see langword="null"/> when nobody knows.</param>
/// <param name="clock">Limits each request.</param>
internal sealed class S3Upload(AmazonS3Client client, S3Options options, string key, long? expected, TimeProvider clock)
{
    /// <summary>What is said to have no more is gathered in so much memory.</summary>
    public const int SmallSize = 1024 * 1024;

    /// <summary>Smallest part: 10,000 of them hold 78 GiB.</summary>
    public const int PartSize = 8 * 1024 * 1024;

    /// <summary>What a server takes for one object.</summary>
    private const int MostParts = 10_000;

    /// <summary>Time for one request, all retries included: 8 MB at 1 Mbit/s take one minute.</summary>
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(5);

    private readonly List<PartETag> _parts = [];

    // Whole megabytes; the last part may be shorter.
    private readonly int _partSize = (int)Math.Max(PartSize, ((expected ?? 0) / MostParts / SmallSize + 1) * SmallSize);
    private byte[] _buffer = [];
    private string? _uploadId;
    private int _filled;

    public async Task<WrittenFile> RunAsync(Stream content, CancellationToken cancellationToken)
    {
        _buffer = ArrayPool<byte>.Shared.Rent(expected <= SmallSize ? SmallSize : _partSize);
        try
        {
            var written = await HashedCopy.CopyAsync(content, AddAsync, cancellationToken);
            await EndAsync(cancellationToken);
            return written;
        }
        catch
        {
            await AbortAsync();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(_buffer);
        }
    }

    private async ValueTask AddAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        while (bytes.Length > 0)
        {
            if (_filled == _partSize)
            {
                await SendPartAsync(cancellationToken);
            }
            else if (_filled == _buffer.Length)
            {
                Grow();
            }

            var take = Math.Min(bytes.Length, Math.Min(_buffer.Length, _partSize) - _filled);
            bytes[..take].CopyTo(_buffer.AsMemory(_filled));
            _filled += take;
            bytes = bytes[take..];
        }
    }

    // The content has more bytes than it was said to have.
    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(_partSize);
        _buffer.AsSpan(0, _filled).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private async Task SendPartAsync(CancellationToken cancellationToken)
    {
        _uploadId ??= (await CallAsync(token => client.InitiateMultipartUploadAsync(options.Bucket, key, token), cancellationToken)).UploadId;
        var request = new UploadPartRequest
        {
            BucketName = options.Bucket,
            Key = key,
            UploadId = _uploadId,
            PartNumber = _parts.Count + 1,
            PartSize = _filled,
            InputStream = new MemoryStream(_buffer, 0, _filled, writable: false),
            UseChunkEncoding = false,
        };
        var part = await CallAsync(token => client.UploadPartAsync(request, token), cancellationToken);
        _parts.Add(new(part.PartNumber ?? _parts.Count + 1, part.ETag));
        _filled = 0;
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        if (_uploadId is null)
        {
            var whole = new PutObjectRequest
            {
                BucketName = options.Bucket,
                Key = key,
                InputStream = new MemoryStream(_buffer, 0, _filled, writable: false),
                UseChunkEncoding = false,
            };
            await CallAsync(token => client.PutObjectAsync(whole, token), cancellationToken);
            return;
        }

        await SendPartAsync(cancellationToken);
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
