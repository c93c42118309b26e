using System.Net.Security;
using System.Text;

namespace Platform.Scheduler.Alerts;

/// <summary>
/// One conversation with a mail server (RFC 5321, STARTTLS of RFC 3207, AUTH of RFC 4954), as much of it as sending one mail needs. The framework's SmtpClient can neither be given
/// a checked connection nor speak TLS from the first byte.
/// </summary>
internal sealed class SmtpSession(Stream connection, string host) : IAsyncDisposable
{
    private const int MostReplyBytes = 64 * 1024;

    private readonly byte[] _buffer = new byte[4096];
    private Stream _stream = connection;
    private int _read;
    private int _filled;

    /// <summary>Greets, secures the connection and logs in, as far as the server's settings say.</summary>
    public async Task OpenAsync(MailServer server, CancellationToken cancellationToken)
    {
        if (server.Security == SmtpSecurity.Tls)
        {
            await SecureAsync(cancellationToken);
        }

        await ExpectAsync("2", "greeting", cancellationToken);
        var offers = await AskAsync("EHLO courier-platform", "2", cancellationToken);
        if (server.Security == SmtpSecurity.StartTls)
        {
            if (!offers.Contains("STARTTLS", StringComparison.OrdinalIgnoreCase))
            {
                throw new AlertFailedException($"The mail server {host} does not offer STARTTLS. Use security tls with its port for that, or another server.");
            }

            await AskAsync("STARTTLS", "2", cancellationToken);
            if (_read != _filled)
            {
                // Text that came before the encryption began may be anyone's.
                throw new AlertFailedException($"The mail server {host} sent something between STARTTLS and the encryption; the connection is not safe.");
            }

            await SecureAsync(cancellationToken);
            await AskAsync("EHLO courier-platform", "2", cancellationToken);
        }

        if (server.Login is { } login)
        {
            var plain = Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{login.UserName}\0{login.Password}"));
            await AskAsync($"AUTH PLAIN {plain}", "2", cancellationToken, saidAs: "AUTH PLAIN");
        }
    }

    /// <summary>Ends the conversation.</summary>
    public Task QuitAsync(CancellationToken cancellationToken) => WriteAsync("QUIT", cancellationToken);

    /// <summary>Sends a composed mail; returns the server's acceptance.</summary>
    public async Task<string> SendAsync(string from, IReadOnlyList<string> to, string mail, CancellationToken cancellationToken)
    {
        await AskAsync($"MAIL FROM:<{from}>", "2", cancellationToken);
        foreach (var recipient in to)
        {
            await AskAsync($"RCPT TO:<{recipient}>", "2", cancellationToken);
        }

        await AskAsync("DATA", "3", cancellationToken);
        var answer = await AskAsync($"{mail}\r\n.", "2", cancellationToken, saidAs: "the mail");
        await QuitAsync(cancellationToken);
        return $"The mail server {host} accepted it: {answer.Trim()}";
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private async Task SecureAsync(CancellationToken cancellationToken)
    {
        var secured = new SslStream(_stream);
        _stream = secured;
        await secured.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = host,
            EnabledSslProtocols = System.Security.Authentication.SslProtocols.Tls12 | System.Security.Authentication.SslProtocols.Tls13,
        }, cancellationToken);
    }

    private async Task<string> AskAsync(string command, string expected, CancellationToken cancellationToken, string? saidAs = null)
    {
        await WriteAsync(command, cancellationToken);
        return await ExpectAsync(expected, saidAs ?? command, cancellationToken);
    }

    private async Task WriteAsync(string command, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(command + "\r\n"), cancellationToken);
        await _stream.FlushAsync(cancellationToken);
    }

    // The command is named in the failure, what a login says never is.
    private async Task<string> ExpectAsync(string expected, string saidAs, CancellationToken cancellationToken)
    {
        var reply = new StringBuilder();
        string line;
        do
        {
            line = await LineAsync(cancellationToken);
            reply.AppendLine(line);
            if (reply.Length > MostReplyBytes)
            {
                throw new AlertFailedException($"The mail server {host} answers {saidAs} without end.");
            }
        }
        while (line is [_, _, _, '-', ..]);
        return line.StartsWith(expected, StringComparison.Ordinal)
            ? reply.ToString()
            : throw new AlertFailedException($"The mail server {host} refused {saidAs}: {line}");
    }

    private async Task<string> LineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (true)
        {
            if (_read == _filled)
            {
                (_read, _filled) = (0, await _stream.ReadAsync(_buffer, cancellationToken));
                if (_filled == 0)
                {
                    throw new AlertFailedException($"The mail server {host} closed the connection.");
                }
            }

            var next = (char)_buffer[_read++];
            if (next == '\n')
            {
                return line.ToString().TrimEnd('\r');
            }

            line.Append(next);
            if (line.Length > MostReplyBytes)
            {
                throw new AlertFailedException($"The mail server {host} sends lines without end.");
            }
        }
    }
}
