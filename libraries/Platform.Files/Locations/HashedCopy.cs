using System.Buffers;
using System.Security.Cryptography;

namespace Platform.Files.Locations;

/// <summary>Copies a stream in constant memory while taking its SHA-256.</summary>
internal static class HashedCopy
{
    private const int BufferSize = 256 * 1024;

    public static async Task<WrittenFile> CopyAsync(Stream source, Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            long size = 0;
            int read;
            while ((read = await source.ReadAsync(buffer.AsMemory(0, BufferSize), cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await write(buffer.AsMemory(0, read), cancellationToken);
                size += read;
            }

            return new(size, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
