using System.Text;
using Platform.Files.Engine;

namespace Platform.Files.Formats.Records;

/// <summary>A text file's bytes as UTF-8 without byte order mark, whatever its encoding (<c>file/encoding</c>; a mark decides before it).</summary>
internal sealed class Utf8Source : IDisposable
{
    private const int BlockBytes = 32 << 10;

    private readonly Stream _stream;
    private readonly string _name;
    private readonly Decoder? _decoder;
    private readonly byte[] _raw;
    private readonly char[] _characters = [];
    private int _rawAt;
    private int _rawLength;
    private int _charactersAt;
    private int _charactersLength;
    private long _decoded;
    private bool _ended;

    public Utf8Source(Stream stream, string name, string? encoding)
    {
        _stream = stream;
        _name = name;
        _raw = new byte[BlockBytes];
        _rawLength = stream.ReadAtLeast(_raw, 4, throwOnEndOfStream: false);
        var (found, mark) = EncodingOf(_raw.AsSpan(0, _rawLength), encoding);
        (MarkBytes, _rawAt) = (mark, mark);
        Encoding = found?.WebName ?? "utf-8";
        if (found is not null)
        {
            _decoder = found.GetDecoder();
            _characters = new char[BlockBytes];
        }
    }

    /// <summary>Whether a byte here is a byte of the file.</summary>
    public bool KeepsOffsets => _decoder is null;

    /// <summary>The encoding's name, as <c>file/encoding</c> writes it.</summary>
    public string Encoding { get; }

    /// <summary>Length of the byte order mark.</summary>
    public int MarkBytes { get; }

    /// <summary>At least one byte, or 0 at the end. There is room for 8 bytes or more.</summary>
    public int Read(Span<byte> target)
    {
        if (_decoder is not null)
        {
            return ReadDecoded(target);
        }

        if (_rawAt < _rawLength)
        {
            var count = Math.Min(_rawLength - _rawAt, target.Length);
            _raw.AsSpan(_rawAt, count).CopyTo(target);
            _rawAt += count;
            return count;
        }

        return _stream.Read(target);
    }

    public void Dispose() => _stream.Dispose();

    private static (Encoding? Found, int MarkBytes) EncodingOf(ReadOnlySpan<byte> head, string? encoding)
    {
        // UTF-32's little-endian mark begins like that of UTF-16.
        switch (head)
        {
            case [0xEF, 0xBB, 0xBF, ..]:
                return (null, 3);
            case [0xFF, 0xFE, 0, 0, ..]:
                return (new UTF32Encoding(bigEndian: false, byteOrderMark: false, throwOnInvalidCharacters: true), 4);
            case [0xFF, 0xFE, ..]:
                return (new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true), 2);
            case [0xFE, 0xFF, ..]:
                return (new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true), 2);
        }

        return encoding?.ToLowerInvariant() switch
        {
            "utf-16" or "utf-16le" => (new UnicodeEncoding(bigEndian: false, byteOrderMark: false, throwOnInvalidBytes: true), 0),
            "utf-16be" => (new UnicodeEncoding(bigEndian: true, byteOrderMark: false, throwOnInvalidBytes: true), 0),
            "iso-8859-1" => (System.Text.Encoding.Latin1, 0),
            "windows-1252" => (CodePagesEncodingProvider.Instance.GetEncoding(1252, EncoderFallback.ExceptionFallback, DecoderFallback.ExceptionFallback), 0),
            _ => (null, 0),
        };
    }

    private int ReadDecoded(Span<byte> target)
    {
        while (_charactersAt == _charactersLength)
        {
            if (_ended)
            {
                return 0;
            }

            Decode();
        }

        // A pair of surrogates is never cut: the decoder gives both or keeps both.
        var count = Math.Min(_charactersLength - _charactersAt, target.Length / 3);
        if (count < _charactersLength - _charactersAt && char.IsHighSurrogate(_characters[_charactersAt + count - 1]))
        {
            count--;
        }

        var written = System.Text.Encoding.UTF8.GetBytes(_characters.AsSpan(_charactersAt, count), target);
        _charactersAt += count;
        return written;
    }

    private void Decode()
    {
        if (_rawAt == _rawLength)
        {
            (_rawAt, _rawLength) = (0, _stream.Read(_raw));
            _ended = _rawLength == 0;
        }

        try
        {
            _decoder!.Convert(_raw.AsSpan(_rawAt, _rawLength - _rawAt), _characters, flush: _ended, out var used, out var made, out _);
            (_rawAt, _charactersAt, _charactersLength) = (_rawAt + used, 0, made);
            _decoded += made;
        }
        catch (DecoderFallbackException e)
        {
            throw new EngineException(
                EngineFailure.BadFile,
                $"{_name} holds bytes after its character {_decoded} that are no text in its encoding. Expected a whole file in the encoding its byte order mark or file/encoding names; have its sender write it again.",
                e);
        }
    }
}
