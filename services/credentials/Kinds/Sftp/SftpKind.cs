using Platform.ServiceDefaults;

namespace Platform.Credentials.Kinds.Sftp;

/// <summary>An account on an SFTP server: user with password or private key, and the server's pinned host key (C1; seed closed-loop-interface).</summary>
internal sealed class SftpKind(HostRules hosts) : CredentialKind
{
    public override string Name => "sftp";

    public override string Title => "SFTP account";

    public override string Description => "Server, user with a password or a private key, and the host key the server must prove. Directories belong to the courier or connection that uses it.";

    public override string TestedBy => "couriers";

    public override IReadOnlyList<string> UsedBy => ["couriers", "campaigns"];

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("host", "Host", "Name or address of the server. Couriers and the test need it; connections of campaigns name their own.") { Example = "sftp.example.com", Rule = hosts.Host },
        new("port", "Port", "TCP port of the server; 22 when it is left out.") { MaxLength = 5, Example = "22", Rule = TextRules.Port },
        new("user", "User", "The account's name on the server.") { Required = true, MaxLength = 128, Example = "campaign-exchange", Rule = TextRules.User },
        new("password", "Password", "The account's password; leave it out when a private key is used.") { Secret = true, Rule = TextRules.OneLine },
        new("privateKey", "Private key", "The private key in OpenSSH or PEM form, with its BEGIN and END lines; leave it out when a password is used.")
        {
            Secret = true,
            Multiline = true,
            MaxLength = 32_768,
            Rule = KeyRules.SshPrivateKey,
            Normalize = KeyRules.Lines,
        },
        new("passphrase", "Passphrase", "The private key's passphrase, when it has one.") { Secret = true, MaxLength = 1024, Rule = TextRules.OneLine },
        new("hostKey", "Host key", "The server's public host key, or several, one a line, as its operator gives them or ssh-keyscan prints them.")
        {
            Required = true,
            Multiline = true,
            MaxLength = 16_384,
            Example = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9qG…",
            Rule = KeyRules.HostKeys,
        },
    ];

    // Another account does not have this one's secrets, and another server, or one with another key, must not be shown them.
    public override IEnumerable<string> SecretBelongsTo(string secretField) => secretField switch
    {
        "passphrase" => ["privateKey"],
        _ => ["user", "host", "hostKey"],
    };

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

        if (fields.TryGetValue("privateKey", out var key) && KeyRules.NeedsPassphrase(key) && !fields.ContainsKey("passphrase"))
        {
            yield return new("$.fields.passphrase", "The private key is encrypted; its passphrase is needed.");
        }

        if (fields.ContainsKey("port") && !fields.ContainsKey("host"))
        {
            yield return new("$.fields.host", "A port needs its host.");
        }
    }
}
