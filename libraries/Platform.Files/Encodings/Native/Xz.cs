using System.Globalization;
using System.Runtime.InteropServices;

namespace Platform.Files.Encodings.Native;

/// <summary>liblzma's decoder of one .xz stream; it checks the stream's checks and index.</summary>
internal sealed unsafe partial class Xz : Decompressor
{
    private const string Library = "liblzma.so.5";

    /// <summary>What <c>xz -9</c> needs is 65 MB.</summary>
    private const ulong MemoryLimit = 128UL << 20;

    // lzma_stream has 136 bytes in version 5.
    private const int StreamBytes = 256;

    private LzmaStream* _stream;

    public Xz()
    {
        _stream = (LzmaStream*)NativeMemory.AllocZeroed(StreamBytes);
        Reset();
    }

    public override Step Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        fixed (byte* from = input, to = output)
        {
            _stream->NextIn = from;
            _stream->AvailableIn = (nuint)input.Length;
            _stream->NextOut = to;
            _stream->AvailableOut = (nuint)output.Length;
            var result = Code(_stream, 0);
            (consumed, written) = (input.Length - (int)_stream->AvailableIn, output.Length - (int)_stream->AvailableOut);
            return result switch
            {
                0 or 10 => Step.More,
                1 => Step.Ended,
                5 => throw new OutOfMemoryException("xz ran out of memory."),
                6 => throw new CorruptDataException(string.Create(CultureInfo.InvariantCulture, $"it needs a dictionary of more than {MemoryLimit >> 20} MB")),
                7 => throw new CorruptDataException("it does not begin as xz data does"),
                8 => throw new CorruptDataException("it uses a filter or check that is not supported"),
                _ => throw new CorruptDataException("invalid data or a wrong checksum"),
            };
        }
    }

    /// <summary>liblzma takes its state back by itself.</summary>
    public override void Reset()
    {
        if (Decoder(_stream, MemoryLimit, 0) != 0)
        {
            throw new OutOfMemoryException("xz could not allocate its state.");
        }
    }

    public override void Dispose()
    {
        if (_stream != null)
        {
            End(_stream);
            NativeMemory.Free(_stream);
            _stream = null;
        }
    }

    [LibraryImport(Library, EntryPoint = "lzma_stream_decoder")]
    private static partial int Decoder(LzmaStream* stream, ulong memoryLimit, uint flags);

    [LibraryImport(Library, EntryPoint = "lzma_code")]
    private static partial int Code(LzmaStream* stream, int action);

    [LibraryImport(Library, EntryPoint = "lzma_end")]
    private static partial void End(LzmaStream* stream);

    /// <summary>The part of lzma_stream that is used.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct LzmaStream
    {
        public byte* NextIn;
        public nuint AvailableIn;
        public ulong TotalIn;
        public byte* NextOut;
        public nuint AvailableOut;
        public ulong TotalOut;
    }
}
