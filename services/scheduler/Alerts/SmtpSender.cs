using System.Globalization;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Platform.Scheduler.Clients;
using Platform.ServiceDefaults.Outgoing;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler.Alerts;

/// <summary>Sends alerts by e-mail: finds and checks the server's address, connects, and lets <see cref="SmtpSession"/> speak.</summary>
internal sealed class SmtpSender(AddressGuard guard, IServiceScopeFactory scopes, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    /// <summary>Returns what the server answered; throws <see cref="AlertFailedException"/> unless it accepted.</summary>
    public async Task<string> SendAsync(SmtpSettings settings, AlertMessage message, CancellationToken cancellationToken)
    {
        var server = settings.CredentialId is { } id ? MailServer.Of(id, await FetchAsync(id, "alert by e-mail", cancellationToken), settings.From) : MailServer.Of(settings);
        return await TalkAsync(server, (session, patience) => session.SendAsync(server.From, settings.To, Compose(server.From, settings.To, message), patience), cancellationToken);
    }

    /// <summary>Connects and logs in with a credential, and sends nothing; throws <see cref="AlertFailedException"/> with the cause when that is refused.</summary>
    public async Task TryAsync(string credentialId, CancellationToken cancellationToken)
    {
        var server = MailServer.Of(credentialId, await FetchAsync(credentialId, "credential test", cancellationToken), from: null);
        await TalkAsync(server, async (session, patience) =>
        {
            await session.QuitAsync(patience);
            return "";
        }, cancellationToken);
    }

    private async Task<string> TalkAsync(MailServer server, Func<SmtpSession, CancellationToken, Task<string>> talk, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await using var session = new SmtpSession(await ConnectAsync(server, patience.Token), server.Host);
            await session.OpenAsync(server, patience.Token);
            return await talk(session, patience.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AlertFailedException($"The mail server {server.Host}:{server.Port} did not answer within {Patience.TotalSeconds:0} seconds. Are port and security the server's own?", cause: e);
        }
        catch (AuthenticationException e)
        {
            throw new AlertFailedException($"The certificate of the mail server {server.Host} is not to be trusted: {e.Message}", cause: e);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new AlertFailedException($"The connection to the mail server {server.Host}:{server.Port} failed: {e.Message}", cause: e);
        }
    }

    private async Task<FetchedCredential> FetchAsync(string credentialId, string purpose, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            return await scope.ServiceProvider.GetRequiredService<CredentialsClient>().FetchAsync(credentialId, purpose, cancellationToken);
        }
        catch (InternalCallException e)
        {
            throw new AlertFailedException($"The credential {credentialId} cannot be had: {e.Message}", cause: e);
        }
        catch (HttpRequestException e)
        {
            throw new AlertFailedException($"The credentials service does not answer: {e.Message}", cause: e);
        }
    }

    private async Task<Stream> ConnectAsync(MailServer server, CancellationToken cancellationToken)
    {
        try
        {
            return await guard.ConnectAsync(server.Host, server.Port, cancellationToken);
        }
        catch (AddressRefusedException e)
        {
            throw new AlertFailedException(e.Message, forGood: true, e);
        }
    }

    // Everything that is not ASCII travels in base64, so no line is too long and none begins with a dot.
    private string Compose(string from, IReadOnlyList<string> to, AlertMessage message)
    {
        var text = new StringBuilder().AppendLine(message.What).AppendLine().AppendLine(message.Why);
        if (message.WhatToDo.Length > 0)
        {
            text.AppendLine().AppendLine(message.WhatToDo);
        }

        if (message.GroupRunId is not null)
        {
            text.AppendLine().Append("Run ").Append(message.GroupRunId).Append(", group ").AppendLine(message.GroupId);
        }

        var headers = new StringBuilder();
        headers.Append("From: ").Append(from).Append("\r\nTo: ").AppendJoin(", ", to);
        headers.Append("\r\nSubject: ").Append(Encoded(message.Title));
        headers.Append("\r\nDate: ").Append(clock.GetUtcNow().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        headers.Append("\r\nMessage-ID: <").Append(message.Id).Append('@').Append(from[(from.IndexOf('@') + 1)..]).Append('>');
        headers.Append("\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nAuto-Submitted: auto-generated\r\n\r\n");
        headers.Append(Convert.ToBase64String(Encoding.UTF8.GetBytes(text.ToString().ReplaceLineEndings("\r\n")), Base64FormattingOptions.InsertLineBreaks));
        return headers.ToString();
    }

    // RFC 2047: lines with encoded words have at most 76 characters, the header name included; words are cut between characters.
    private static string Encoded(string title)
    {
        const int MostBytes = 39;
        var words = new List<string>();
        var bytes = new List<byte>(MostBytes);
        Span<byte> encoded = stackalloc byte[4];
        foreach (var rune in title.EnumerateRunes())
        {
            var length = rune.EncodeToUtf8(encoded);
            if (bytes.Count + length > MostBytes)
            {
                words.Add(Word(bytes));
                bytes.Clear();
            }

            bytes.AddRange(encoded[..length]);
        }

        words.Add(Word(bytes));
        return string.Join("\r\n ", words);

        static string Word(List<byte> part) => $"=?utf-8?B?{Convert.ToBase64String([.. part])}?=";
    }
}
