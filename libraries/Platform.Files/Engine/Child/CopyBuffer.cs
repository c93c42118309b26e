using System.Runtime.InteropServices;

namespace Platform.Files.Engine.Child;

/// <summary>
/// Gathers rows and sends them as data frames of about a megabyte. Native memory: it is handed to the kernel as it is, and a value of many megabytes does not touch the
/// managed heap. A row becomes part of the stream only with <see cref="EndRow"/>.
/// </summary>
internal sealed unsafe class CopyBuffer : IDisposable
{
    private const int InitialBytes = 1 << 20;

    private readonly FrameWriter? _frames;
    private byte* _start;
    private byte* _end;
    private byte* _row;

    /// <summary>A buffer that sends to <paramref name="frames"/>; without them, nowhere.</summary>
    public CopyBuffer(FrameWriter? frames)
    {
        _frames = frames;
        _start = (byte*)NativeMemory.Alloc(InitialBytes);
        _end = _start + InitialBytes;
        _row = _start + Frame.HeaderLength;
    }

    /// <summary>Where the current row begins.</summary>
    public byte* Row => _row;

    /// <summary>Where the next row is written; at least <paramref name="bytes"/> are free there.</summary>
    public byte* BeginRow(int bytes) => _end - _row >= bytes ? _row : MakeRoom(_row, bytes);

    /// <summary>Makes sure that behind <paramref name="at"/>, a place in the current row, there is room for a value and all fixed ones after it. The row may move.</summary>
    public byte* Ensure(byte* at, int valueBytes, int fixedBytes) =>
        _end - at >= (long)valueBytes + fixedBytes ? at : MakeRoom(at, (long)valueBytes + fixedBytes);

    /// <summary>The current row is complete and ends before <paramref name="at"/>.</summary>
    public void EndRow(byte* at) => _row = at;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        var at = BeginRow(bytes.Length);
        bytes.CopyTo(new Span<byte>(at, bytes.Length));
        EndRow(at + bytes.Length);
    }

    /// <summary>Sends the complete rows.</summary>
    public void Flush()
    {
        var first = _start + Frame.HeaderLength;
        if (_row > first)
        {
            _frames?.WriteInPlace(FrameType.Data, _start, (int)(_row - first));
            _row = first;
        }
    }

    public void Dispose()
    {
        NativeMemory.Free(_start);
        _start = _end = _row = null;
    }

    private byte* MakeRoom(byte* at, long bytes)
    {
        // What there is of the current row moves to the front once the rows before it are sent.
        var begun = at - _row;
        var row = _row;
        Flush();
        Buffer.MemoryCopy(row, _row, _end - _row, begun);
        var needed = Frame.HeaderLength + begun + bytes;
        if (needed > _end - _start)
        {
            // In whole megabytes, so that a row of many long values does not grow step by step.
            var size = (nuint)((needed + InitialBytes - 1) / InitialBytes * InitialBytes);
            _start = (byte*)NativeMemory.Realloc(_start, size);
            _end = _start + size;
            _row = _start + Frame.HeaderLength;
        }

        return _row + begun;
    }
}
