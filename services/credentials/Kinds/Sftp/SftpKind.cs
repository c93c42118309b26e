using System.Text.RegularExpressions;
using Platform.ServiceDefaults;

namespace Platform.Credentials.Kinds.Sftp;

/// <summary>An account on an SFTP server: user with password or private key, and the server's pinned host key (C1; seed closed-loop-interface).</summary>
internal sealed partial class SftpKind : CredentialKind
{
    public override string Name => "sftp";

    public override string Title => "SFTP account";

    public override string Description => "User with a password or a private key, and the host key the server must prove. Host and directories belong to the connection or courier that uses it.";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("user", "User", "The account's name on the server.") { Required = true, MaxLength = 128, Example = "campaign-exchange", Rule = User },
        new("password", "Password", "The account's password; leave it out when a private key is used.") { Secret = true, Rule = OneLine },
        new("privateKey", "Private key", "The private key in OpenSSH or PEM form, with its BEGIN and END lines; leave it out when a password is used.") { Secret = true, MaxLength = 32_768, Rule = Key },
        new("passphrase", "Passphrase", "The private key's passphrase, when it has one.") { Secret = true, MaxLength = 1024, Rule = OneLine },
        new("hostKey", "Host key", "The server's public host key, or several, one a line, as its operator gives them or ssh-keyscan prints them.")
        {
            Required = true,
            MaxLength = 16_384,
            Example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9qG…",
            Rule = HostKeys,
        },
    ];

    // Another account does not have this one's secrets, and a server with another key must not be shown them.
    public override IEnumerable<string> SecretBelongsTo(string secretField) => secretField is "password" or "privateKey" ? ["user", "hostKey"] : [];

    protected override IEnumerable<FieldProblem> CheckTogether(IReadOnlyDictionary<string, string> fields)
    {
        if (fields.ContainsKey("password") == fields.ContainsKey("privateKey"))
        {
            yield return new("$.fields.privateKey", "Exactly one of password and privateKey is needed.");
        }

        if (fields.ContainsKey("passphrase") && !fields.ContainsKey("privateKey"))
        {
            yield return new("$.fields.passphrase", "A passphrase opens a private key; there is none.");
        }
    }

    private static string? User(string value) => value.StartsWith('-') || value.Any(character => char.IsControl(character) || char.IsWhiteSpace(character))
        ? "An account's name has no spaces and does not begin with a hyphen."
        : null;

    // The values of secret fields are never quoted.
    private static string? OneLine(string value) => value.Any(char.IsControl) ? "Contains a line break or another control character. Was it copied whole and alone?" : null;

    private static string? Key(string value) => KeyFrame().IsMatch(value.Trim())
        ? null
        : "Is no private key in OpenSSH or PEM form: expected a text from -----BEGIN … PRIVATE KEY----- to -----END … PRIVATE KEY-----. A PuTTY key must be exported as OpenSSH key first.";

    private static string? HostKeys(string value) => value.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).All(line => line.StartsWith('#') || HostKey().IsMatch(line))
        ? null
        : "Expected a public host key a line, such as 'ssh-ed25519 AAAA…'.";

    [GeneratedRegex("^-----BEGIN [A-Z ]*PRIVATE KEY-----\n?.*-----END [A-Z ]*PRIVATE KEY-----$", RegexOptions.Singleline)]
    private static partial Regex KeyFrame();

    [GeneratedRegex(@"^(\S+\s+)?(ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(256|384|521)|sk-[a-z0-9@.-]+)\s+[A-Za-z0-9+/]+=*(\s.*)?$")]
    private static partial Regex HostKey();
}
