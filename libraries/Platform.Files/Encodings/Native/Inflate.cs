using System.Runtime.InteropServices;

namespace Platform.Files.Encodings.Native;

/// <summary>zlib's inflate. Unlike .NET's it says where a stream ends, and that it did.</summary>
internal sealed unsafe partial class Inflate : Decompressor
{
    /// <summary>Deflate without a head or a checksum: zip and Avro.</summary>
    public const int Raw = -15;

    /// <summary>One member of a gzip file, whose length and CRC zlib checks.</summary>
    public const int Gzip = 15 + 16;

    private const string Library = "libz.so.1";
    private const string Version = "1.2.11";
    private const int Ok = 0;
    private const int StreamEnd = 1;
    private const int NeedDictionary = 2;
    private const int BufferError = -5;
    private const int MemoryError = -4;

    private ZStream* _stream;

    public Inflate(int windowBits)
    {
        _stream = (ZStream*)NativeMemory.AllocZeroed((nuint)sizeof(ZStream));
        if (Init(_stream, windowBits, Version, sizeof(ZStream)) != Ok)
        {
            NativeMemory.Free(_stream);
            _stream = null;
            throw new OutOfMemoryException("zlib could not allocate its window.");
        }
    }

    public override Step Decode(ReadOnlySpan<byte> input, Span<byte> output, out int consumed, out int written)
    {
        fixed (byte* from = input, to = output)
        {
            _stream->NextIn = from;
            _stream->AvailableIn = (uint)input.Length;
            _stream->NextOut = to;
            _stream->AvailableOut = (uint)output.Length;
            var result = Run(_stream, 0);
            (consumed, written) = (input.Length - (int)_stream->AvailableIn, output.Length - (int)_stream->AvailableOut);
            return result switch
            {
                StreamEnd => Step.Ended,
                Ok or BufferError => Step.More,
                NeedDictionary => throw new CorruptDataException("it needs a preset dictionary"),
                MemoryError => throw new OutOfMemoryException("zlib ran out of memory."),
                _ => throw new CorruptDataException(Marshal.PtrToStringUTF8((nint)_stream->Message) ?? "invalid data"),
            };
        }
    }

    public override void Reset() => _ = ResetStream(_stream);

    public override void Dispose()
    {
        if (_stream != null)
        {
            _ = End(_stream);
            NativeMemory.Free(_stream);
            _stream = null;
        }
    }

    /// <summary>The CRC-32 of gzip, zip and Avro's snappy, continued from <paramref name="crc"/>.</summary>
    public static uint Crc32(uint crc, ReadOnlySpan<byte> bytes)
    {
        fixed (byte* from = bytes)
        {
            // A null pointer asks for the initial value.
            return bytes.IsEmpty ? crc : (uint)Crc(crc, from, (uint)bytes.Length);
        }
    }

    [LibraryImport(Library, EntryPoint = "inflateInit2_", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Init(ZStream* stream, int windowBits, string version, int size);

    [LibraryImport(Library, EntryPoint = "inflate")]
    private static partial int Run(ZStream* stream, int flush);

    [LibraryImport(Library, EntryPoint = "inflateReset")]
    private static partial int ResetStream(ZStream* stream);

    [LibraryImport(Library, EntryPoint = "inflateEnd")]
    private static partial int End(ZStream* stream);

    [LibraryImport(Library, EntryPoint = "crc32")]
    private static partial nuint Crc(nuint crc, byte* bytes, uint length);

    /// <summary>z_stream; its state points back to it, so it must not move.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct ZStream
    {
        public byte* NextIn;
        public uint AvailableIn;
        public nuint TotalIn;
        public byte* NextOut;
        public uint AvailableOut;
        public nuint TotalOut;
        public byte* Message;
        public nint State;
        public nint Allocate;
        public nint Free;
        public nint Opaque;
        public int DataType;
        public nuint Adler;
        public nuint Reserved;
    }
}
