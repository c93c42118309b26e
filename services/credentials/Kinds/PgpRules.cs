namespace Platform.Credentials.Kinds;

/// <summary>Rules of ASCII-armored OpenPGP keys (RFC 4880 §6.2, RFC 9580). What is wrong is said without quoting the text.</summary>
internal static class PgpRules
{
    private const int PublicKeyPacket = 6;
    private const int SecretKeyPacket = 5;

    public static string? PublicKey(string value) => Check(value, "PUBLIC KEY BLOCK", PublicKeyPacket, "public");

    public static string? PrivateKey(string value) => Check(value, "PRIVATE KEY BLOCK", SecretKeyPacket, "private");

    private static string? Check(string value, string label, int packet, string kind)
    {
        if (ArmoredText.Read(value) is not { } armor || !armor.Label.StartsWith("PGP ", StringComparison.Ordinal))
        {
            return $"Is no armored PGP key: expected a text from -----BEGIN PGP {label}----- to -----END PGP {label}-----, as gpg --armor --export{(packet == SecretKeyPacket ? "-secret-keys" : "")} prints it.";
        }

        if (armor.Label != $"PGP {label}")
        {
            return $"Is another kind of PGP text; a {label} is expected here: the {kind} key.";
        }

        if (armor.Decode() is not { } bytes)
        {
            return "The armored lines are not base64. Was the key copied whole and alone?";
        }

        // The checksum is optional in newer programs; one that is there must be right.
        if (armor.Checksum is { } text && (ArmoredText.Decode(text) is not [var high, var middle, var low] || Crc24(bytes) != ((high << 16) | (middle << 8) | low)))
        {
            return "The armor's checksum does not match its lines: a line is missing or changed. Copy the key again, whole and alone.";
        }

        return PacketOf(bytes[0]) == packet ? null : $"The armored data does not begin with a {kind} key.";
    }

    // Bit 7 is always set; bit 6 tells the newer form of the tag from the older one (RFC 4880 §4.2).
    private static int PacketOf(byte header) => (header & 0x80) == 0 ? 0 : (header & 0x40) != 0 ? header & 0x3f : (header >> 2) & 0x0f;

    private static int Crc24(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xB704CE;
        foreach (var value in bytes)
        {
            crc ^= value << 16;
            for (var bit = 0; bit < 8; bit++)
            {
                crc <<= 1;
                if ((crc & 0x1000000) != 0)
                {
                    crc ^= 0x1864CFB;
                }
            }
        }

        return crc & 0xFFFFFF;
    }
}
