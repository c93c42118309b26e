using System.Buffers.Binary;
using System.Security.Cryptography;
using Npgsql;

namespace Platform.Campaigns.Dispatches;

/// <summary>
/// Who is in a dispatch, without names: the first 16 bytes of the SHA-256 of each address in lower case. Kept with the dispatch, so that duplicates of a wave, soft bounces and waves of
/// mailings are found without reading anybody's data.
/// </summary>
internal sealed class RecipientIndex
{
    private const int KeySize = 16;
    private const int LongestAddress = 254;

    private readonly KeySet _keys = new();

    public int Count => _keys.Count;

    /// <summary>The key of an address; of what is longer than any address, the key of its beginning, which equals nobody's.</summary>
    public static UInt128 KeyOf(ReadOnlySpan<byte> address)
    {
        Span<byte> lower = stackalloc byte[LongestAddress + 1];
        var length = Math.Min(address.Length, lower.Length);
        Lower(address[..length], lower);
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(lower[..length], hash);
        return BinaryPrimitives.ReadUInt128BigEndian(hash);
    }

    /// <summary>Copies an address with its ASCII letters in lower case.</summary>
    public static void Lower(ReadOnlySpan<byte> address, Span<byte> target)
    {
        for (var i = 0; i < address.Length; i++)
        {
            target[i] = address[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(address[i] | 0x20) : address[i];
        }
    }

    /// <summary>False when the address is in already.</summary>
    public bool Add(UInt128 key) => _keys.Add(key);

    /// <summary>To be called with keys that are about to be added or looked for (see <see cref="KeySet.Fetch"/>).</summary>
    public void Fetch(ReadOnlySpan<UInt128> keys) => _keys.Fetch(keys);

    public bool Contains(UInt128 key) => _keys.Contains(key);

    public async Task StoreAsync(NpgsqlTransaction transaction, string dispatchId, CancellationToken cancellationToken)
    {
        const int keysPerPiece = 64 * 1024;
        await using var writer = await DispatchContent.CreateAsync(transaction, dispatchId, DispatchContent.Index, cancellationToken);
        var piece = new byte[keysPerPiece * KeySize];
        var length = 0;
        foreach (var key in _keys)
        {
            BinaryPrimitives.WriteUInt128BigEndian(piece.AsSpan(length), key);
            length += KeySize;
            if (length == piece.Length)
            {
                await writer.WriteAsync(piece, cancellationToken);
                length = 0;
            }
        }

        if (length > 0)
        {
            await writer.WriteAsync(piece.AsMemory(0, length), cancellationToken);
        }

        await writer.CompleteAsync();
    }

    /// <summary>Adds everybody of these dispatches.</summary>
    public async Task LoadAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, IReadOnlyCollection<string> dispatches, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand("select bytes from dispatch_chunks where dispatch_id = any($1) and kind = $2", connection, transaction)
        {
            Parameters = { new() { Value = dispatches.ToArray() }, new() { Value = DispatchContent.Index } },
        };
        await using var reader = await select.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var bytes = reader.GetFieldValue<byte[]>(0);
            for (var at = 0; at < bytes.Length; at += KeySize)
            {
                _keys.Add(BinaryPrimitives.ReadUInt128BigEndian(bytes.AsSpan(at)));
            }
        }
    }
}
