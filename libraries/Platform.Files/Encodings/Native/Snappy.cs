using System.Runtime.InteropServices;

namespace Platform.Files.Encodings.Native;

/// <summary>libsnappy's blocks, which are decompressed in one piece.</summary>
internal static unsafe partial class Snappy
{
    private const string Library = "libsnappy.so.1";

    /// <summary>The length <paramref name="input"/> says it has when decompressed.</summary>
    /// <exception cref="CorruptDataException">It does not begin as snappy data does.</exception>
    public static long LengthOf(ReadOnlySpan<byte> input)
    {
        fixed (byte* from = input)
        {
            return UncompressedLength(from, (nuint)input.Length, out var length) == 0 ? checked((long)length) : throw new CorruptDataException("it does not begin as snappy data does");
        }
    }

    /// <summary>Decompresses into <paramref name="output"/>, which has the length <see cref="LengthOf"/> gave.</summary>
    /// <exception cref="CorruptDataException">The data is invalid or of another length.</exception>
    public static void Decode(ReadOnlySpan<byte> input, Span<byte> output)
    {
        fixed (byte* from = input, to = output)
        {
            var length = (nuint)output.Length;
            if (Uncompress(from, (nuint)input.Length, to, ref length) != 0 || length != (nuint)output.Length)
            {
                throw new CorruptDataException("invalid snappy data");
            }
        }
    }

    [LibraryImport(Library, EntryPoint = "snappy_uncompressed_length")]
    private static partial int UncompressedLength(byte* input, nuint length, out nuint uncompressed);

    [LibraryImport(Library, EntryPoint = "snappy_uncompress")]
    private static partial int Uncompress(byte* input, nuint length, byte* output, ref nuint outputLength);
}
