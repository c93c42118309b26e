using System.Runtime.InteropServices;

namespace Platform.Files.Encodings.Native;

/// <summary>libbz2's decoder; it checks the CRC of every block and of the whole stream.</summary>
internal sealed unsafe partial class Bzip2 : Decompressor
{
    private const string Library = "libbz2.so.1.0";
    private const int StreamEnd = 4;
    private const int MemoryError = -3;
    private const int NotBzip2 = -5;

    private BzStream* _stream;

    public Bzip2()
    {
        _stream = (BzStream*)NativeMemory.AllocZeroed((nuint)sizeof(BzStream));
        Begin();
    }

    public override Step Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        fixed (byte* from = input, to = output)
        {
            _stream->NextIn = from;
            _stream->AvailableIn = (uint)input.Length;
            _stream->NextOut = to;
            _stream->AvailableOut = (uint)output.Length;
            var result = Run(_stream);
            (consumed, written) = (input.Length - (int)_stream->AvailableIn, output.Length - (int)_stream->AvailableOut);
            return result switch
            {
                StreamEnd => Step.Ended,
                0 => Step.More,
                MemoryError => throw new OutOfMemoryException("bzip2 ran out of memory."),
                NotBzip2 => throw new CorruptDataException("it does not begin as bzip2 data does"),
                _ => throw new CorruptDataException("invalid data or a wrong checksum"),
            };
        }
    }

    public override void Reset()
    {
        _ = End(_stream);
        *_stream = default;
        Begin();
    }

    public override void Dispose()
    {
        if (_stream != null)
        {
            _ = End(_stream);
            NativeMemory.Free(_stream);
            _stream = null;
        }
    }

    private void Begin()
    {
        if (Init(_stream, 0, 0) != 0)
        {
            throw new OutOfMemoryException("bzip2 could not allocate its state.");
        }
    }

    [LibraryImport(Library, EntryPoint = "BZ2_bzDecompressInit")]
    private static partial int Init(BzStream* stream, int verbosity, int small);

    [LibraryImport(Library, EntryPoint = "BZ2_bzDecompress")]
    private static partial int Run(BzStream* stream);

    [LibraryImport(Library, EntryPoint = "BZ2_bzDecompressEnd")]
    private static partial int End(BzStream* stream);

    /// <summary>bz_stream; its state points back to it, so it must not move.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct BzStream
    {
        public byte* NextIn;
        public uint AvailableIn;
        public uint TotalInLow;
        public uint TotalInHigh;
        public byte* NextOut;
        public uint AvailableOut;
        public uint TotalOutLow;
        public uint TotalOutHigh;
        public nint State;
        public nint Allocate;
        public nint Free;
        public nint Opaque;
    }
}
