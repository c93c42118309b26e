using System.Globalization;

namespace Platform.Files.Encodings.Pgp;

/// <summary>What gpg says on its status channel (GnuPG's doc/DETAILS); its texts for people are left aside, they may hold names.</summary>
internal sealed class GpgStatus
{
    private const string Prefix = "[GNUPG:] ";
    private const string BadPassphrase = "BAD_PASSPHRASE";

    private readonly HashSet<string> _said = new(StringComparer.Ordinal);
    private readonly List<string> _recipients = [];
    private bool _hasKey;

    /// <summary>The message was decrypted, and is complete and unchanged.</summary>
    public bool IsGood => _said.Contains("DECRYPTION_OKAY") && _said.Contains("GOODMDC");

    /// <summary>Whether a private key came in.</summary>
    public bool HasSecretKey { get; private set; }

    public async Task ReadAsync(StreamReader lines)
    {
        while (await lines.ReadLineAsync() is { } line)
        {
            if (line.StartsWith(Prefix, StringComparison.Ordinal))
            {
                Take(line[Prefix.Length..].Split(' '));
            }
        }
    }

    /// <summary>Why it is not good, with the remedy.</summary>
    public string Problem()
    {
        if (_said.Contains(BadPassphrase))
        {
            return "the credential's passphrase is wrong or missing. Enter the one it was encrypted with.";
        }

        if (_said.Contains("DECRYPTION_KEY") || _said.Contains("DECRYPTION_INFO") || _said.Contains("DECRYPTION_OKAY"))
        {
            return "it breaks off, or was changed after it was encrypted. Expected a complete PGP message with a checksum (MDC); have its sender write it again.";
        }

        var recipients = string.Join(" and ", _recipients);
        return _recipients.Count > 0 && !_hasKey ? $"it is encrypted for the key {recipients}, and the credential holds another one. Have it sent for the credential's key, or enter the private key for {recipients}."
            : _recipients.Count > 0 ? $"the private key for {recipients} is there, but its passphrase is wrong or missing. Enter the right one."
            : _said.Contains("NEED_PASSPHRASE_SYM") || _said.Contains("DECRYPTION_FAILED") ? "the credential's passphrase is wrong or missing. Enter the one it was encrypted with."
            : "it holds no complete PGP message. Expected one up to the file's end; have its sender write it again.";
    }

    private void Take(string[] words)
    {
        _said.Add(words[0]);
        switch (words)
        {
            case ["ENC_TO", var recipient, ..]:
                _recipients.Add(recipient);
                break;
            case ["ERROR", _, var code, ..] when code.EndsWith(BadPassphrase, StringComparison.Ordinal):
                _said.Add(BadPassphrase);
                break;

            // A key that could open it is looked at before it is tried.
            case ["KEY_CONSIDERED", ..]:
                _hasKey |= _recipients.Count > 0;
                break;

            // IMPORT_OK and a sum of flags; 16 is a private key.
            case ["IMPORT_OK", var flags, ..] when int.TryParse(flags, CultureInfo.InvariantCulture, out var sum):
                HasSecretKey |= (sum & 16) != 0;
                break;
        }
    }
}
