using System.Text.RegularExpressions;

namespace Platform.Files.Locations.Sftp;

/// <summary>How to reach one account of an SFTP server. Holds secrets: never log it.</summary>
public sealed partial record SftpOptions
{
    /// <summary>Name or address of the server.</summary>
    public required string Host { get; init; }

    /// <summary>TCP port.</summary>
    public int Port { get; init; } = 22;

    /// <summary>The account.</summary>
    public required string User { get; init; }

    /// <summary>Its password; null when a key is used.</summary>
    public string? Password { get; init; }

    /// <summary>Private key in OpenSSH or PEM form; null when a password is used.</summary>
    public string? PrivateKey { get; init; }

    /// <summary>Passphrase of the private key; null when it has none.</summary>
    public string? Passphrase { get; init; }

    /// <summary>
    /// The pinned host keys, one a line as in <c>ssh-ed25519 AAAA…</c> (a leading host name, as <c>ssh-keyscan</c> prints it, is ignored). A server that proves none of them is not talked to.
    /// </summary>
    public required string HostKeys { get; init; }

    /// <summary>Connections to spread one large file over when the server is far away: one is bound by its 2 MB window (measured, see docs/adr/0040).</summary>
    public int Channels { get; init; } = 4;

    /// <summary>Limit for connecting and logging in.</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>A connection on which something is owed and nothing moves for this long is given up.</summary>
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>What is wrong with these options, in words a person can act on; empty when nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (!HostName().IsMatch(Host))
        {
            problems.Add("The host must be a host name or an IP address.");
        }

        if (Port is < 1 or > 65535)
        {
            problems.Add("The port must be between 1 and 65535.");
        }

        if (User.Length == 0 || User.StartsWith('-') || User.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
        {
            problems.Add("The user must be an account name without spaces.");
        }

        if ((Password is null) == (PrivateKey is null))
        {
            problems.Add("Exactly one of password and private key must be given.");
        }

        if (!PinnedKeys().Any())
        {
            problems.Add("At least one host key must be pinned, as a line such as 'ssh-ed25519 AAAA…'; ask the server's operator for it.");
        }

        return problems;
    }

    /// <summary>The pinned keys as <c>type base64</c>.</summary>
    internal IEnumerable<string> PinnedKeys() => HostKeys.Split('\n').Select(line => PinnedKey().Match(line.Trim())).Where(match => match.Success).Select(match => match.Groups["key"].Value);

    [GeneratedRegex(@"^(?!-)[A-Za-z0-9._:-]{1,253}$")]
    private static partial Regex HostName();

    [GeneratedRegex(@"^(?:[^#\s]\S*\s+)?(?<key>(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521)|sk-[a-z0-9@.-]+)\s+[A-Za-z0-9+/]+=*)(?:\s.*)?$")]
    private static partial Regex PinnedKey();
}
