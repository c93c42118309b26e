using System.Globalization;
using Platform.Files.Engine;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Xml;

/// <summary>Lets an XML parser read no further than one record's length at a time: it would keep a text or a name of any length in memory.</summary>
internal sealed class BoundedInput(Stream source, string name) : Stream
{
    private long _read;
    private long _limit = ByteWindow.MaxRecordBytes;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>A record ends: the next may be as long again.</summary>
    public void Renew() => _limit = _read + ByteWindow.MaxRecordBytes;

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (_read >= _limit)
        {
            throw new EngineException(
                EngineFailure.BadFile,
                string.Create(CultureInfo.InvariantCulture, $"{name} has a record of more than {ByteWindow.MaxRecordBytes >> 20} MB before byte {_read}. Expected shorter ones; file/row-element names the elements that are records."));
        }

        var read = source.Read(buffer[..(int)Math.Min(buffer.Length, _limit - _read)]);
        _read += read;
        return read;
    }

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
            source.Dispose();
        }

        base.Dispose(disposing);
    }
}
