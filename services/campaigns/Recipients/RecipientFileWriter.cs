using System.Buffers;

namespace Platform.Campaigns.Recipients;

/// <summary>
/// The dialect of the closed loop (seed closed-loop-interface, "Transferring recipient data"; L3), byte for byte: UTF-8, <c>;</c> between fields, line feed after every row, every
/// value in quotation marks with those inside doubled, NULL as nothing at all, no header, the same number of separators in every row.
/// </summary>
internal sealed class RecipientFileWriter(Func<ReadOnlyMemory<byte>, CancellationToken, ValueTask> write)
{
    private const int ChunkSize = 1024 * 1024;
    private const int SeparatorAndQuotes = 3;
    private static ReadOnlySpan<byte> ByteOrderMark => [0xEF, 0xBB, 0xBF];
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);

    private readonly byte[] _buffer = new byte[ChunkSize];
    private int _length;

    /// <summary>For partners that ask for it; must come first.</summary>
    public void WriteByteOrderMark()
    {
        ByteOrderMark.CopyTo(_buffer);
        _length = ByteOrderMark.Length;
    }

    /// <summary>Writes one row. With <paramref name="replaceLineBreaks"/> a line break inside a value becomes one space.</summary>
    public ValueTask WriteAsync(RecipientRow row, bool replaceLineBreaks, CancellationToken cancellationToken)
    {
        if ((row.Count * SeparatorAndQuotes) + (row.Size * 2) >= ChunkSize - _length)
        {
            return WriteInPiecesAsync(row, replaceLineBreaks, cancellationToken);
        }

        for (var field = 0; field < row.Count; field++)
        {
            Put(row, field, replaceLineBreaks);
        }

        _buffer[_length++] = (byte)'\n';
        return ValueTask.CompletedTask;
    }

    /// <summary>Writes a row that may not fit into what is left of the piece.</summary>
    private async ValueTask WriteInPiecesAsync(RecipientRow row, bool replaceLineBreaks, CancellationToken cancellationToken)
    {
        for (var field = 0; field < row.Count; field++)
        {
            // At worst every byte is a quotation mark.
            var needed = row.IsNull(field) ? 1 : (row[field].Length * 2) + SeparatorAndQuotes;
            if (_length + needed > ChunkSize)
            {
                await FlushAsync(cancellationToken);
                if (needed > ChunkSize)
                {
                    throw new RecipientSourceException($"Row {row.Number:N0} has a value of {row[field].Length:N0} bytes; at most {ChunkSize / 2:N0} fit into a field.");
                }
            }

            Put(row, field, replaceLineBreaks);
        }

        if (_length == ChunkSize)
        {
            await FlushAsync(cancellationToken);
        }

        _buffer[_length++] = (byte)'\n';
    }

    private void Put(RecipientRow row, int field, bool replaceLineBreaks)
    {
        if (field > 0)
        {
            _buffer[_length++] = (byte)';';
        }

        if (!row.IsNull(field))
        {
            Quote(row[field], replaceLineBreaks);
        }
    }

    public async ValueTask FlushAsync(CancellationToken cancellationToken)
    {
        if (_length > 0)
        {
            await write(_buffer.AsMemory(0, _length), cancellationToken);
            _length = 0;
        }
    }

    private void Quote(ReadOnlySpan<byte> value, bool replaceLineBreaks)
    {
        var target = _buffer.AsSpan(_length);
        var at = 0;
        target[at++] = (byte)'"';
        var start = at;
        while (!value.IsEmpty)
        {
            var quote = value.IndexOf((byte)'"');
            var plain = quote < 0 ? value : value[..(quote + 1)];
            plain.CopyTo(target[at..]);
            at += plain.Length;
            value = value[plain.Length..];
            if (quote >= 0)
            {
                target[at++] = (byte)'"';
            }
        }

        if (replaceLineBreaks && target[start..at].ContainsAny(LineEnds))
        {
            at = start + Unbroken(target[start..at]);
        }

        target[at++] = (byte)'"';
        _length += at;
    }

    private static int Unbroken(Span<byte> text)
    {
        var to = 0;
        for (var from = 0; from < text.Length; from++)
        {
            if (text[from] == '\r' && from + 1 < text.Length && text[from + 1] == '\n')
            {
                continue;
            }

            text[to++] = text[from] is (byte)'\r' or (byte)'\n' ? (byte)' ' : text[from];
        }

        return to;
    }
}
