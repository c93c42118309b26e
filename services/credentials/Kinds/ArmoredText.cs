namespace Platform.Credentials.Kinds;

/// <summary>What stands between a BEGIN and an END line: the form that PEM, OpenSSH and PGP keys share. Checksum is the line of PGP armor that begins with
/// an equals sign, without it.</summary>
internal sealed record ArmoredText(string Label, IReadOnlyList<string> Headers, string Base64, string? Checksum)
{
    private const string Begin = "-----BEGIN ";
    private const string End = "-----END ";
    private const string Dashes = "-----";

    /// <summary>The parts, or null for a text of another form. Walks the lines once: the text may come from a stranger.</summary>
    public static ArmoredText? Read(string text)
    {
        var lines = text.Trim().ReplaceLineEndings("\n").Split('\n', StringSplitOptions.TrimEntries);
        if (lines.Length < 3 || !lines[0].StartsWith(Begin, StringComparison.Ordinal) || !lines[0].EndsWith(Dashes, StringComparison.Ordinal) || lines[0].Length <= Begin.Length + Dashes.Length)
        {
            return null;
        }

        var label = lines[0][Begin.Length..^Dashes.Length];
        if (lines[^1] != $"{End}{label}{Dashes}")
        {
            return null;
        }

        var inner = lines[1..^1].AsSpan();
        var headers = new List<string>();
        while (inner.Length > 0 && inner[0].Contains(':', StringComparison.Ordinal))
        {
            headers.Add(inner[0]);
            inner = inner[1..];
        }

        string? checksum = null;
        if (inner.Length > 0 && inner[^1] is ['=', .. var sum])
        {
            checksum = sum;
            inner = inner[..^1];
        }

        return new(label, headers, string.Concat(inner), checksum);
    }

    /// <summary>The bytes, or null when the lines are no base64 or there are none.</summary>
    public byte[]? Decode() => Decode(Base64);

    public static byte[]? Decode(string base64)
    {
        var bytes = new byte[base64.Length];
        return Convert.TryFromBase64String(base64, bytes, out var length) && length > 0 ? bytes[..length] : null;
    }

    // A record would print the key.
    public override string ToString() => Label;
}
