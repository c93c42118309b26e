using Platform.Files.Engine;

namespace Platform.Files.Encodings.Pgp;

/// <summary>OpenPGP messages, binary or armored, decrypted by GnuPG: with a private key or with a passphrase.</summary>
internal sealed class PgpEncoding : IStreamEncoding
{
    private const int SessionKeyByPublicKey = 1;
    private const int SessionKeyByPassphrase = 3;

    public string Name => "pgp";

    public bool Matches(ReadOnlySpan<byte> head) => head.TrimStart(" \r\n\t"u8).StartsWith("-----BEGIN PGP MESSAGE-----"u8) || IsBinary(head);

    public Stream Decode(Stream input, EncodedSource source)
    {
        try
        {
            return source.Pgp is { } key
                ? new PgpStream(input, key, source)
                : throw new EngineException(EngineFailure.BadFile, $"{source.Name} is encrypted with PGP, and nothing says with which key. Set object/pgp-credential in the courier's entities list.");
        }
        catch
        {
            input.Dispose();
            throw;
        }
    }

    /// <summary>An encrypted message begins with a packet that holds a session key (RFC 4880, 4.2 and 5): its tag, its length and its version are all to be right.</summary>
    private static bool IsBinary(ReadOnlySpan<byte> head)
    {
        if (head.Length < 16 || (head[0] & 0x80) == 0)
        {
            return false;
        }

        int tag, start;
        if ((head[0] & 0x40) != 0)
        {
            (tag, start) = (head[0] & 0x3F, head[1] < 192 ? 2 : head[1] < 224 ? 3 : head[1] == 255 ? 6 : 0);
        }
        else
        {
            (tag, start) = ((head[0] >> 2) & 0xF, (head[0] & 3) switch { 0 => 2, 1 => 3, 2 => 5, _ => 0 });
        }

        // The version is followed by the number of an algorithm, 8 bytes of key id before it in the one case.
        return start > 0 && ((tag == SessionKeyByPublicKey && head[start] == 3 && head[start + 9] is 1 or 2 or 16 or 18)
            || (tag == SessionKeyByPassphrase && head[start] == 4 && head[start + 1] is >= 1 and <= 13));
    }
}
