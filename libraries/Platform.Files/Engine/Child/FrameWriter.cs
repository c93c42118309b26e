using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Platform.Files.Engine.Child;

/// <summary>Writes frames to the parent.</summary>
internal sealed unsafe class FrameWriter(int file)
{
    /// <summary>Writes a frame whose payload stands behind <see cref="Frame.HeaderLength"/> free bytes, in one piece.</summary>
    public void WriteInPlace(FrameType type, byte* frame, int payloadLength)
    {
        WriteHeader(type, new Span<byte>(frame, Frame.HeaderLength), payloadLength);
        Kernel.Write(file, frame, Frame.HeaderLength + payloadLength);
    }

    public void Write(FrameType type, ReadOnlySpan<byte> payload)
    {
        var frame = (byte*)NativeMemory.Alloc((nuint)(Frame.HeaderLength + payload.Length));
        payload.CopyTo(new Span<byte>(frame + Frame.HeaderLength, payload.Length));
        WriteInPlace(type, frame, payload.Length);
        NativeMemory.Free(frame);
    }

    private static void WriteHeader(FrameType type, Span<byte> header, int payloadLength)
    {
        header[0] = (byte)type;
        BinaryPrimitives.WriteInt32LittleEndian(header[1..], payloadLength);
    }
}
