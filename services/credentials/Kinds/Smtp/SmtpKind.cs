using Platform.ServiceDefaults;

namespace Platform.Credentials.Kinds.Smtp;

/// <summary>A mail server and the account on it that alerts are sent from (C1).</summary>
internal sealed class SmtpKind(HostRules hosts) : CredentialKind
{
    private static readonly string[] Securities = ["none", "starttls", "tls"];

    public override string Name => "smtp";

    public override string Title => "Mail server";

    public override string Description => "A mail server, how it is spoken to, the account on it and the sender's address.";

    public override string TestedBy => "scheduler";

    public override IReadOnlyList<CredentialField> Fields { get; } =
    [
        new("host", "Host", "Name or address of the mail server.") { Required = true, Example = "smtp.example.com", Rule = hosts.Host },
        new("port", "Port", "TCP port of the mail server: 587 for starttls, 465 for tls, as a rule.") { Required = true, MaxLength = 5, Example = "587", Rule = TextRules.Port },
        new("security", "Security", "tls from the first byte, starttls before anything is said, or none.")
        {
            Required = true,
            MaxLength = 8,
            Example = "starttls",
            Rule = value => !Securities.Contains(value) ? $"'{value}' is none of {string.Join(", ", Securities)}."
                : value != "none" || hosts.AllowsPlain ? null
                : "Mail without TLS is readable by everyone on the way; use starttls or tls, or let the operator set Outgoing:AllowPrivateHosts for a server in the own network.",
        },
        new("user", "User", "The account's name; leave it out for a server that asks for none.") { Rule = TextRules.OneLine },
        new("password", "Password", "The account's password.") { Secret = true, MaxLength = 1024, Rule = TextRules.OneLine },
        new("from", "From", "The sender's address.") { Required = true, MaxLength = 320, Example = "alerts@example.com", Rule = TextRules.Email },
    ];

    // Another account has another password, and another server must not be shown this one's.
    public override IEnumerable<string> SecretBelongsTo(string secretField) => ["user", "host"];

    protected override IEnumerable<FieldProblem> CheckTogether(IReadOnlyDictionary<string, string> fields)
    {
        var (user, password) = (fields.ContainsKey("user"), fields.ContainsKey("password"));
        if (user != password)
        {
            yield return new(user ? "$.fields.password" : "$.fields.user", "User and password come together, or not at all.");
        }

        if (password && fields["security"] == "none")
        {
            yield return new("$.fields.security", "A password is never sent without TLS; use starttls or tls, or leave user and password out.");
        }
    }
}
