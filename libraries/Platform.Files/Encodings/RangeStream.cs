using System.Globalization;
using Platform.Files.Engine;

namespace Platform.Files.Encodings;

/// <summary>A part of an archive. An archive that ends inside it is damaged.</summary>
internal sealed class RangeStream : ForwardStream
{
    private readonly Stream _archive;
    private readonly string _name;
    private long _left;

    public RangeStream(Stream archive, long offset, long length, string name)
    {
        _archive = archive;
        _name = name;
        _left = length;
        archive.Position = offset;
    }

    public override int Read(Span<byte> buffer)
    {
        if (_left == 0 || buffer.IsEmpty)
        {
            return 0;
        }

        var read = _archive.Read(buffer[..(int)Math.Min(buffer.Length, _left)]);
        _left -= read;
        return read > 0 ? read : throw new EngineException(
            EngineFailure.BadFile,
            string.Create(CultureInfo.InvariantCulture, $"{_name} is damaged: the archive breaks off {_left} bytes before its end. Have its sender write it again."));
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _archive.Dispose();
        }

        base.Dispose(disposing);
    }
}
