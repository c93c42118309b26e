using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Scheduler.Alerts;

/// <summary>An alert channel as it is sent to the API: exactly one of `smtp` and `webhook`, and in `campaigns` what it hears of the closed loop; what it hears of courier groups, they say.</summary>
internal sealed record AlertChannelInput(string? Name, SmtpInput? Smtp, WebhookInput? Webhook, CampaignAlertsInput? Campaigns)
{
    private const int MostRecipients = 50;

    /// <summary>Every problem of the input.</summary>
    public List<FieldProblem> Problems(AddressGuard guard, OutgoingOptions outgoing)
    {
        var problems = new List<FieldProblem>();
        if (string.IsNullOrWhiteSpace(Name) || Name.Length > 200)
        {
            problems.Add(new("$.name", "Required: 1 to 200 characters."));
        }

        if (Smtp is null == Webhook is null)
        {
            problems.Add(new("$", "Expected exactly one of smtp and webhook."));
        }

        if (Smtp is not null)
        {
            CheckSmtp(Smtp, guard, outgoing, problems);
        }

        if (Webhook is not null)
        {
            if (Webhook.Url is not { Length: <= 2000 } url || !Uri.TryCreate(url, UriKind.Absolute, out var target) || target.Scheme is not ("https" or "http"))
            {
                problems.Add(new("$.webhook.url", "Required: an https:// address of at most 2000 characters."));
            }
            else if (guard.WhyRefused(target) is { } reason)
            {
                problems.Add(new("$.webhook.url", reason));
            }
        }

        Campaigns?.Check(problems);
        return problems;
    }

    private static void CheckSmtp(SmtpInput smtp, AddressGuard guard, OutgoingOptions outgoing, List<FieldProblem> problems)
    {
        if (smtp.CredentialId is not null)
        {
            if (smtp.Host is not null || smtp.Port is not null || smtp.Security is not null)
            {
                problems.Add(new("$.smtp.credentialId", "Goes without host, port and security: the credential has them, and its password is sent to no other server."));
            }
        }
        else
        {
            CheckServer(smtp, guard, outgoing, problems);
        }

        if (smtp.From is null ? smtp.CredentialId is null : !MailServer.IsAddress(smtp.From))
        {
            problems.Add(new("$.smtp.from", "Required without a credential: one plain e-mail address, for example alerts@example.com."));
        }

        if (smtp.To is not { Count: >= 1 and <= MostRecipients })
        {
            problems.Add(new("$.smtp.to", $"Required: 1 to {MostRecipients} plain e-mail addresses."));
        }

        foreach (var (i, recipient) in (smtp.To ?? []).Index().Where(item => item.Item is null || !MailServer.IsAddress(item.Item)))
        {
            problems.Add(new($"$.smtp.to[{i}]", $"Expected one plain e-mail address; {(recipient is null ? "null" : "another text")} was given."));
        }
    }

    private static void CheckServer(SmtpInput smtp, AddressGuard guard, OutgoingOptions outgoing, List<FieldProblem> problems)
    {
        if (smtp.Host is null || Uri.CheckHostName(smtp.Host) == UriHostNameType.Unknown)
        {
            problems.Add(new("$.smtp.host", "Required without a credential: the name or address of the mail server."));
        }
        else if (guard.WhyRefused(smtp.Host) is { } reason)
        {
            problems.Add(new("$.smtp.host", reason));
        }

        if (smtp.Port is < 1 or > 65535)
        {
            problems.Add(new("$.smtp.port", $"Must be from 1 to 65535; {smtp.Port} was given."));
        }

        if (smtp.Security == SmtpSecurity.None && !outgoing.AllowPrivateHosts)
        {
            problems.Add(new("$.smtp.security", "Mail without TLS is readable by everyone on the way; use startTls or tls, or let the operator set Outgoing:AllowPrivateHosts for a server in the own network."));
        }
    }
}

/// <summary>Who is written to, and by which mail server: `credentialId` names a credential of type smtp, which has server, account and sender; or `host` and `from` name a server that asks for no password (`port` is 587 and `security` `startTls` unless said). With a credential, `from` replaces its sender.</summary>
internal sealed record SmtpInput(string? Host, int? Port, SmtpSecurity? Security, string? From, IReadOnlyList<string?>? To, string? CredentialId)
{
    public SmtpSettings ToSettings() => new(Host, Port, Security, From, [.. To!.Select(recipient => recipient!)], CredentialId);
}

/// <summary>Where alerts are posted to.</summary>
internal sealed record WebhookInput(string? Url);
