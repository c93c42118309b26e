using System.Globalization;
using Platform.Files.Encodings.Native;
using Platform.Files.Engine;

namespace Platform.Files.Encodings.Zip;

/// <summary>A member's bytes; at their end, size and CRC must be those of the directory.</summary>
internal sealed class ZipMemberStream(Stream content, ArchiveEntry member, EncodedSource source) : ForwardStream
{
    private uint _crc;
    private long _read;

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
        {
            return 0;
        }

        var read = content.Read(buffer);
        _read += read;
        _crc = Inflate.Crc32(_crc, buffer[..read]);
        if (_read > member.Bytes || (read == 0 && (_read != member.Bytes || _crc != member.Crc)))
        {
            throw new EngineException(
                EngineFailure.BadFile,
                _read != member.Bytes
                    ? string.Create(CultureInfo.InvariantCulture, $"{source.Name} is damaged: it has {(_read > member.Bytes ? "more than " : "")}{Math.Min(_read, member.Bytes)} bytes; its zip archive says {member.Bytes}. Have its sender write it again.")
                    : string.Create(CultureInfo.InvariantCulture, $"{source.Name} is damaged: its CRC is {_crc:x8}; its zip archive says {member.Crc:x8}. Have its sender write it again."));
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            content.Dispose();
        }

        base.Dispose(disposing);
    }
}
