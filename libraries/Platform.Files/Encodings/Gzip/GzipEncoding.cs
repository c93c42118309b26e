using Platform.Files.Encodings.Native;

namespace Platform.Files.Encodings.Gzip;

/// <summary>RFC 1952; every member's CRC and length are checked, of which .NET's GZipStream notices neither that they are missing nor that a member is cut.</summary>
internal sealed class GzipEncoding : IStreamEncoding
{
    public string Name => "gzip";

    public bool Matches(ReadOnlySpan<byte> head) => head.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B, 8]);

    public Stream Decode(Stream input, EncodedSource source) => new DecompressedStream(input, new Inflate(Inflate.Gzip), Name, source);
}
