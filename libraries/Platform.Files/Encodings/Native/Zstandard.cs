using System.Runtime.InteropServices;

namespace Platform.Files.Encodings.Native;

/// <summary>libzstd's streaming decoder; a frame's checksum, where it has one, is checked.</summary>
internal sealed unsafe partial class Zstandard : Decompressor
{
    private const string Library = "libzstd.so.1";

    private nint _stream = Create();

    public Zstandard()
    {
        if (_stream == 0)
        {
            throw new OutOfMemoryException("zstd could not allocate its state.");
        }
    }

    public override Step Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        fixed (byte* from = input, to = output)
        {
            var source = new Buffer { Bytes = from, Size = (nuint)input.Length };
            var target = new Buffer { Bytes = to, Size = (nuint)output.Length };
            var left = Run(_stream, ref target, ref source);
            (consumed, written) = ((int)source.Position, (int)target.Position);
            return IsError(left) != 0 ? throw new CorruptDataException(Marshal.PtrToStringUTF8(ErrorName(left)) ?? "invalid data")
                : left == 0 ? Step.Ended
                : Step.More;
        }
    }

    /// <summary>zstd begins the next frame by itself.</summary>
    public override void Reset()
    {
    }

    public override void Dispose()
    {
        _ = Free(_stream);
        _stream = 0;
    }

    [LibraryImport(Library, EntryPoint = "ZSTD_createDStream")]
    private static partial nint Create();

    [LibraryImport(Library, EntryPoint = "ZSTD_freeDStream")]
    private static partial nuint Free(nint stream);

    [LibraryImport(Library, EntryPoint = "ZSTD_decompressStream")]
    private static partial nuint Run(nint stream, ref Buffer output, ref Buffer input);

    [LibraryImport(Library, EntryPoint = "ZSTD_isError")]
    private static partial uint IsError(nuint code);

    [LibraryImport(Library, EntryPoint = "ZSTD_getErrorName")]
    private static partial nint ErrorName(nuint code);

    /// <summary>ZSTD_inBuffer and ZSTD_outBuffer.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Buffer
    {
        public byte* Bytes;
        public nuint Size;
        public nuint Position;
    }
}
