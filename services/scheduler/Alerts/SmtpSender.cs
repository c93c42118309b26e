using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Platform.Files.Locations;
using Platform.Scheduler.Clients;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler.Alerts;

/// <summary>Sends alerts by e-mail: finds and checks the server's address, connects, and lets <see cref="SmtpSession"/> speak.</summary>
internal sealed class SmtpSender(AddressGuard guard, IServiceScopeFactory scopes, TimeProvider clock)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>Returns what the server answered; throws <see cref="AlertFailedException"/> unless it accepted.</summary>
    public async Task<string> SendAsync(SmtpSettings settings, AlertMessage message, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var login = settings.CredentialId is null ? null : await LoginAsync(settings.CredentialId, patience.Token);
            await using var session = new SmtpSession(await ConnectAsync(settings, patience.Token), settings.Host);
            return await session.SendAsync(settings, login, Compose(settings, message), patience.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AlertFailedException($"The mail server {settings.Host}:{settings.Port} did not answer within {Patience.TotalSeconds:0} seconds.", cause: e);
        }
        catch (AuthenticationException e)
        {
            throw new AlertFailedException($"The certificate of the mail server {settings.Host} is not to be trusted: {e.Message}", cause: e);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            throw new AlertFailedException($"The connection to the mail server {settings.Host}:{settings.Port} failed: {e.Message}", cause: e);
        }
    }

    private async Task<NetworkCredential> LoginAsync(string credentialId, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        try
        {
            var credential = await scope.ServiceProvider.GetRequiredService<CredentialsClient>().FetchAsync(credentialId, "alert by e-mail", cancellationToken);
            return credential.Type == "smtp" && credential.Fields.TryGetValue("username", out var user) && credential.Fields.TryGetValue("password", out var password)
                ? new(user, password)
                : throw new AlertFailedException($"The credential {credentialId} is of type {credential.Type}; expected smtp, with username and password.");
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

    private async Task<Stream> ConnectAsync(SmtpSettings settings, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(settings.Host, cancellationToken);
        var allowed = addresses.Where(address => guard.WhyRefused(address, settings.Host) is null).ToArray();
        if (allowed.Length == 0)
        {
            throw new AlertFailedException(addresses.Length == 0 ? $"{settings.Host} has no address." : guard.WhyRefused(addresses[0], settings.Host)!, forGood: addresses.Length > 0);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, settings.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // Everything that is not ASCII travels in base64, so no line is too long and none begins with a dot.
    private string Compose(SmtpSettings settings, AlertMessage message)
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
        headers.Append("From: ").Append(settings.From).Append("\r\nTo: ").AppendJoin(", ", settings.To);
        headers.Append("\r\nSubject: ").Append(Encoded(message.Title));
        headers.Append("\r\nDate: ").Append(clock.GetUtcNow().ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture));
        headers.Append("\r\nMessage-ID: <").Append(message.Id).Append('@').Append(settings.From[(settings.From.IndexOf('@') + 1)..]).Append('>');
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
