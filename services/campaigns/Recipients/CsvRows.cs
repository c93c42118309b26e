using System.Text;

namespace Platform.Campaigns.Recipients;

/// <summary>
/// Reads separated text record by record: UTF-8 with or without byte order mark, LF or CRLF, quoted fields with doubled quotes and line breaks inside. An unquoted empty field is
/// NULL, a quoted one an empty text.
/// </summary>
internal sealed class CsvRows(Stream stream, char separator)
{
    private const int LongestRecord = 4 * 1024 * 1024;

    private byte[] _buffer = new byte[256 * 1024];
    private int _start;
    private int _end;
    private bool _ended;
    private long _records;

    /// <summary>What is wrong with the quotes of the record just read; null when nothing is.</summary>
    public string? Fault { get; private set; }

    /// <summary>Reads the next record; false at the end. Blank lines are no records.</summary>
    public async ValueTask<bool> ReadAsync(RecipientRow record, CancellationToken cancellationToken)
    {
        while (true)
        {
            var length = await FindRecordAsync(cancellationToken);
            if (length < 0)
            {
                return false;
            }

            record.Clear();
            record.Number = ++_records;
            Fault = null;
            var text = _buffer.AsSpan(_start, length);
            _start = Math.Min(_start + length + 1, _end);
            if (_records == 1 && text.StartsWith(Encoding.UTF8.Preamble))
            {
                text = text[Encoding.UTF8.Preamble.Length..];
            }

            text = text is [.. var line, (byte)'\r'] ? line : text;
            if (!text.IsEmpty)
            {
                Split(text, record);
                return true;
            }
        }
    }

    /// <summary>Length of the record at <see cref="_start"/>, without its line feed; -1 at the end.</summary>
    private async ValueTask<int> FindRecordAsync(CancellationToken cancellationToken)
    {
        var scanned = 0;
        var quoted = false;
        while (true)
        {
            var rest = _buffer.AsMemory(_start + scanned, _end - _start - scanned);
            while (!rest.IsEmpty)
            {
                var at = quoted ? rest.Span.IndexOf((byte)'"') : rest.Span.IndexOfAny((byte)'"', (byte)'\n');
                if (at < 0)
                {
                    break;
                }

                if (rest.Span[at] == '\n')
                {
                    return _end - _start - rest.Length + at;
                }

                quoted = !quoted;
                rest = rest[(at + 1)..];
            }

            scanned = _end - _start;
            if (_ended)
            {
                if (quoted)
                {
                    throw new RecipientSourceException($"Record {_records + 1:N0} opens a quotation mark that is never closed: the file is cut off, or a mark inside a value is not doubled.");
                }

                return scanned == 0 ? -1 : scanned;
            }

            await FillAsync(cancellationToken);
        }
    }

    private async ValueTask FillAsync(CancellationToken cancellationToken)
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_start, _end) = (0, _end - _start);
        }

        if (_end == _buffer.Length)
        {
            if (_buffer.Length >= LongestRecord)
            {
                throw new RecipientSourceException($"Record {_records + 1:N0} is longer than {LongestRecord:N0} bytes: probably a quotation mark inside a value is not doubled.");
            }

            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = await stream.ReadAsync(_buffer.AsMemory(_end), cancellationToken);
        _ended = read == 0;
        _end += read;
    }

    private void Split(ReadOnlySpan<byte> text, RecipientRow record)
    {
        while (true)
        {
            if (text is [(byte)'"', ..])
            {
                text = Quoted(text[1..], record);
            }
            else
            {
                var end = text.IndexOf((byte)separator);
                var value = end < 0 ? text : text[..end];
                if (value.IsEmpty)
                {
                    record.AddNull();
                }
                else
                {
                    record.Add(value);
                }

                text = text[value.Length..];
            }

            if (text.IsEmpty)
            {
                return;
            }

            text = text[1..];
            if (text.IsEmpty)
            {
                record.AddNull();
                return;
            }
        }
    }

    /// <summary>Adds a quoted field whose opening mark is gone already; returns what follows, which begins with a separator or is empty.</summary>
    private ReadOnlySpan<byte> Quoted(ReadOnlySpan<byte> text, RecipientRow record)
    {
        while (true)
        {
            var mark = text.IndexOf((byte)'"');
            record.Append(text[..mark]);
            text = text[(mark + 1)..];
            if (text is not [(byte)'"', ..])
            {
                break;
            }

            record.Append("\""u8);
            text = text[1..];
        }

        record.EndField();
        if (!text.IsEmpty && text[0] != separator)
        {
            Fault = $"Field {record.Count} goes on after its closing quotation mark; marks inside a value must be doubled.";
            var next = text.IndexOf((byte)separator);
            text = next < 0 ? [] : text[next..];
        }

        return text;
    }
}
