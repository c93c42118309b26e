using System.Globalization;
using Platform.Files.Encodings;
using Platform.Files.Engine;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Xml;

/// <summary>Lets an XML parser read no further than one record's length at a time: it would keep a text or a name of any length in memory.</summary>
internal sealed class BoundedInput(Stream source, string name) : ForwardStream
{
    private long _read;
    private long _limit = ByteWindow.MaxRecordBytes;

    /// <summary>A record ends: the next may be as long again.</summary>
    public void Renew() => _limit = _read + ByteWindow.MaxRecordBytes;

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

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            source.Dispose();
        }

        base.Dispose(disposing);
    }
}
