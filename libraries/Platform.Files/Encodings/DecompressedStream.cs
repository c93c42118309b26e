using System.Globalization;
using Platform.Files.Encodings.Native;
using Platform.Files.Engine;

namespace Platform.Files.Encodings;

/// <summary>
/// The bytes inside gzip, zstd, bzip2 or xz: one stream of these, or several behind each other. It ends when the input ends right behind one of them; anything else is an
/// exception.
/// </summary>
internal sealed class DecompressedStream(Stream input, Decompressor decompressor, string encoding, EncodedSource source, bool single = false) : ForwardStream
{
    private const int InputBytes = 128 << 10;

    private readonly byte[] _input = new byte[InputBytes];
    private int _at;
    private int _end;
    private long _taken;
    private long _made;
    private long _member = 1;
    private bool _between;
    private bool _done;

    public override int Read(Span<byte> buffer)
    {
        while (!_done && !buffer.IsEmpty)
        {
            // At the input's end there may still be bytes inside the decoder.
            var ended = _at == _end && !Fill();
            if (_between)
            {
                _done = ended;
                if (ended || !NextMember())
                {
                    continue;
                }
            }

            var written = Decode(buffer, ended);
            if (written > 0)
            {
                _made += written;
                source.Limits.Check(source.Name, encoding, _taken, _made);
                return written;
            }
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            decompressor.Dispose();
            input.Dispose();
        }

        base.Dispose(disposing);
    }

    private int Decode(Span<byte> buffer, bool ended)
    {
        try
        {
            var step = decompressor.Decode(_input.AsSpan(_at, _end - _at), buffer, out var consumed, out var written);
            _at += consumed;
            _taken += consumed;
            _between = step == Step.Ended;
            if (consumed == 0 && written == 0 && step == Step.More)
            {
                throw Damaged(ended ? "it breaks off there" : "it cannot be decoded any further");
            }

            return written;
        }
        catch (CorruptDataException e)
        {
            throw Damaged(e.Message);
        }
    }

    /// <summary>Begins the next member; false when what is here is only filling.</summary>
    private bool NextMember()
    {
        if (single)
        {
            throw Damaged("more bytes follow its end");
        }

        // Tapes and some writers fill files up with zeros.
        var rest = _input.AsSpan(_at, _end - _at);
        var zeros = rest.IndexOfAnyExcept((byte)0);
        zeros = zeros < 0 ? rest.Length : zeros;
        _at += zeros;
        _taken += zeros;
        if (_at == _end)
        {
            return false;
        }

        _member++;
        decompressor.Reset();
        _between = false;
        return true;
    }

    private bool Fill()
    {
        _at = 0;
        _end = input.Read(_input);
        return _end > 0;
    }

    private EngineException Damaged(string what) => new(
        EngineFailure.BadFile,
        string.Create(CultureInfo.InvariantCulture, $"{source.Name} is damaged: its {encoding} data is wrong at byte {_taken}, in part {_member}: {what}. Expected complete {encoding} data up to the file's end; have its sender write it again."));
}
