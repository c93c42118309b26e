using System.Buffers.Binary;
using System.Text;
using System.Text.RegularExpressions;

namespace Platform.Credentials.Kinds;

/// <summary>Rules of keys that are texts of several lines. What is wrong is said without quoting the text.</summary>
internal static partial class KeyRules
{
    private const string OpenSsh = "OPENSSH PRIVATE KEY";
    private const string HostKeyRemedy = "expected one public host key a line, such as 'ssh-ed25519 AAAA…', as ssh-keyscan prints them.";
    private static readonly byte[] OpenSshMagic = "openssh-key-v1\0"u8.ToArray();

    /// <summary>Keys are kept with Unix line ends and one at the end, however they were pasted.</summary>
    public static string Lines(string value) => value.ReplaceLineEndings("\n").Trim() + "\n";

    /// <summary>An SSH private key in OpenSSH or PEM form.</summary>
    public static string? SshPrivateKey(string value)
    {
        if (ArmoredText.Read(value) is not { } armor || !armor.Label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
        {
            return "Is no private key in OpenSSH or PEM form: expected a text from -----BEGIN … PRIVATE KEY----- to -----END … PRIVATE KEY-----. A PuTTY key must be exported as OpenSSH key first.";
        }

        if (armor.Decode() is not { } bytes)
        {
            return "The lines between BEGIN and END are not base64. Was the key copied whole and alone?";
        }

        return armor.Label != OpenSsh || bytes.AsSpan().StartsWith(OpenSshMagic) ? null : "The lines between BEGIN and END are no OpenSSH key. Was the key copied whole and alone?";
    }

    /// <summary>Whether a private key that <see cref="SshPrivateKey"/> accepts opens only with a passphrase.</summary>
    public static bool NeedsPassphrase(string privateKey)
    {
        var armor = ArmoredText.Read(privateKey)!;
        if (armor.Label != OpenSsh)
        {
            return armor.Label.StartsWith("ENCRYPTED", StringComparison.Ordinal) || armor.Headers.Any(header => header.Contains("ENCRYPTED", StringComparison.Ordinal));
        }

        // After the magic comes the cipher's name, with its length before it (PROTOCOL.key of OpenSSH).
        return Text(armor.Decode()!.AsSpan(OpenSshMagic.Length)) is { } cipher && cipher != "none";
    }

    /// <summary>One public host key a line, comments allowed.</summary>
    public static string? HostKeys(string value)
    {
        var lines = value.Split('\n', StringSplitOptions.TrimEntries);
        var keys = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length == 0 || lines[i].StartsWith('#'))
            {
                continue;
            }

            keys++;
            var match = HostKey().Match(lines[i]);
            if (!match.Success)
            {
                return $"Line {i + 1} is no host key: {HostKeyRemedy}";
            }

            // The key says its own type, which must be the one written before it.
            if (ArmoredText.Decode(match.Groups["key"].Value) is not { } bytes || Text(bytes) != match.Groups["type"].Value)
            {
                return $"The key of line {i + 1} is cut off or damaged: {HostKeyRemedy}";
            }
        }

        return keys > 0 ? null : $"There is no host key: {HostKeyRemedy}";
    }

    // A text of the SSH protocol: four bytes of length, then the text.
    private static string? Text(ReadOnlySpan<byte> bytes) =>
        bytes.Length >= 4 && BinaryPrimitives.ReadInt32BigEndian(bytes) is > 0 and <= 64 and var length && bytes.Length > 4 + length ? Encoding.ASCII.GetString(bytes.Slice(4, length)) : null;

    [GeneratedRegex(@"^(?:[^\s@]\S*\s+)?(?<type>ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-[a-z0-9@.-]+)\s+(?<key>[A-Za-z0-9+/]+=*)(?:\s.*)?\z")]
    private static partial Regex HostKey();
}
