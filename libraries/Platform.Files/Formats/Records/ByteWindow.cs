using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using Platform.Files.Engine;

namespace Platform.Files.Formats.Records;

/// <summary>
/// The part of a text file that is being read: valid UTF-8 in native memory, so that a record of megabytes does not touch the managed heap. It grows for one record up to
/// <see cref="MaxRecordBytes"/> and never with the file.
/// </summary>
internal sealed unsafe class ByteWindow : IDisposable
{
    /// <summary>No record may be longer.</summary>
    public const int MaxRecordBytes = 16 << 20;

    /// <summary>Readers may look at this many bytes behind the end; they are zero.</summary>
    public const int Padding = 64;

    private const int InitialBytes = 1 << 20;
    private const int LeastRoom = 8;

    private readonly Utf8Source _source;
    private readonly string _name;
    private int _capacity = InitialBytes;
    private int _valid;
    private long _dropped;
    private long _linesDropped;

    public ByteWindow(Utf8Source source, string name)
    {
        _source = source;
        _name = name;
        Start = (byte*)NativeMemory.Alloc(InitialBytes + Padding);
        Fill(0);
    }

    public byte* Start { get; private set; }

    public int Length { get; private set; }

    /// <summary>Nothing comes behind what is here.</summary>
    public bool AtEnd { get; private set; }

    /// <summary>What ends a line, for counting them.</summary>
    public byte LineEnd { get; set; } = (byte)'\n';

    public ReadOnlySpan<byte> Span(int start, int end) => new(Start + start, end - start);

    /// <summary>
    /// Drops what stands before <paramref name="from"/>, which becomes 0, and reads on. There is more than before afterwards, or <see cref="AtEnd"/> is true.
    /// </summary>
    public void Fill(int from)
    {
        _dropped += from;
        _linesDropped += Span(0, from).Count(LineEnd);
        var kept = Length - from;
        Buffer.MemoryCopy(Start + from, Start, _capacity, kept);
        _valid = Math.Max(0, _valid - from);
        Length = kept;
        if (_capacity - kept < LeastRoom)
        {
            if (_capacity >= MaxRecordBytes)
            {
                throw Bad(0, $"begins a record of more than {MaxRecordBytes >> 20} MB. Expected shorter records; a quote or bracket may never have been closed");
            }

            _capacity *= 2;
            Start = (byte*)NativeMemory.Realloc(Start, (nuint)(_capacity + Padding));
        }

        while (_capacity - Length >= LeastRoom)
        {
            var read = _source.Read(new Span<byte>(Start + Length, _capacity - Length));
            if (read == 0)
            {
                AtEnd = true;
                break;
            }

            Length += read;
        }

        new Span<byte>(Start + Length, Padding).Clear();
        Validate();
    }

    /// <summary>Where in the file something stands, for messages.</summary>
    public string Position(int at)
    {
        var line = _linesDropped + Span(0, at).Count(LineEnd) + 1;
        return _source.KeepsOffsets
            ? string.Create(CultureInfo.InvariantCulture, $"line {line} (byte {_dropped + at + _source.MarkBytes})")
            : string.Create(CultureInfo.InvariantCulture, $"line {line}");
    }

    /// <summary>The file ends here as unusable: <c>NAME, line 3 (byte 44), PROBLEM.</c></summary>
    public EngineException Bad(int at, string problem) => new(EngineFailure.BadFile, $"{_name}, {Position(at)}, {problem}.");

    public void Dispose()
    {
        NativeMemory.Free(Start);
        Start = null;
        _source.Dispose();
    }

    private void Validate()
    {
        var end = Length;
        if (!AtEnd)
        {
            // A character may continue in what is read next: leave its first bytes for then.
            for (var back = 1; back <= 3 && back <= Length - _valid; back++)
            {
                var last = Start[Length - back];
                if (last >= 0xC0)
                {
                    end = Length - back;
                    break;
                }

                if (last < 0x80)
                {
                    break;
                }
            }
        }

        if (!Utf8.IsValid(Span(_valid, end)))
        {
            while (Rune.DecodeFromUtf8(Span(_valid, end), out _, out var bytes) == System.Buffers.OperationStatus.Done)
            {
                _valid += bytes;
            }

            throw Bad(_valid, $"has the byte 0x{Start[_valid]:X2} where UTF-8 has none. Expected text in UTF-8, or in UTF-16 with a byte order mark; if it is written otherwise, set file/encoding (for example windows-1252)");
        }

        _valid = end;
    }
}
