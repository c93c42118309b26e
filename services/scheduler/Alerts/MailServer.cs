using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Platform.Scheduler.Clients;

namespace Platform.Scheduler.Alerts;

/// <summary>A mail server as it is spoken to, with the password when it wants one. A class, for a record would print it.</summary>
internal sealed partial class MailServer
{
    public required string Host { get; init; }

    public required int Port { get; init; }

    public required SmtpSecurity Security { get; init; }

    public required string From { get; init; }

    public NetworkCredential? Login { get; init; }

    /// <summary>A channel's own server.</summary>
    public static MailServer Of(SmtpSettings settings)
    {
        var security = settings.Security ?? SmtpSecurity.StartTls;
        return new() { Host = settings.Host!, Port = settings.Port ?? (security == SmtpSecurity.Tls ? 465 : 587), Security = security, From = settings.From! };
    }

    /// <summary>The server of a credential of type smtp; throws <see cref="AlertFailedException"/> for another type.</summary>
    public static MailServer Of(string credentialId, FetchedCredential credential, string? from)
    {
        if (credential.Type != "smtp")
        {
            throw new AlertFailedException($"The credential {credentialId} is of type {credential.Type}; expected smtp.", forGood: true);
        }

        var fields = credential.Fields;
        return new()
        {
            Host = fields["host"],
            Port = int.Parse(fields["port"], NumberStyles.None, CultureInfo.InvariantCulture),
            Security = Enum.Parse<SmtpSecurity>(fields["security"], ignoreCase: true),
            From = from ?? fields["from"],
            Login = fields.TryGetValue("user", out var user) && fields.TryGetValue("password", out var password) ? new(user, password) : null,
        };
    }

    /// <summary>One plain address: no control characters, spaces or brackets, nothing that could end a header or a command.</summary>
    public static bool IsAddress(string text) => Address().IsMatch(text);

    [GeneratedRegex(@"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}[A-Za-z0-9])?\z")]
    private static partial Regex Address();
}
