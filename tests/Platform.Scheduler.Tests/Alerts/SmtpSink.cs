using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Platform.Scheduler.Tests.Alerts;

/// <summary>A mail server that keeps what it is given, or refuses it.</summary>
internal sealed class SmtpSink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _serving;

    public SmtpSink()
    {
        _listener.Start();
        _serving = ServeAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public ConcurrentQueue<(string From, string[] To, string Mail)> Mails { get; } = [];

    /// <summary>Answers RCPT with this instead of accepting it.</summary>
    public string? Refuses { get; set; }

    /// <summary>Offers STARTTLS, with a certificate nobody trusts.</summary>
    public bool OffersTls { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _serving;
        _stop.Dispose();
    }

    private async Task ServeAsync()
    {
        try
        {
            while (!_stop.IsCancellationRequested)
            {
                using var client = await _listener.AcceptTcpClientAsync(_stop.Token);
                try
                {
                    await TalkAsync(client);
                }
                catch (IOException)
                {
                    // The client left in the middle of the conversation, as it may.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The sink is closed.
        }
    }

    private async Task TalkAsync(TcpClient client)
    {
        Stream stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.UTF8, leaveOpen: true);
        await SayAsync(stream, "220 sink");
        var from = "";
        var to = new List<string>();
        while (await reader.ReadLineAsync(_stop.Token) is { } line)
        {
            switch (line.Split(' ', ':')[0].ToUpperInvariant())
            {
                case "EHLO":
                    await SayAsync(stream, OffersTls ? "250-sink\r\n250 STARTTLS" : "250-sink\r\n250 8BITMIME");
                    break;
                case "STARTTLS":
                    await SayAsync(stream, "220 go on");
                    await RefusedHandshakeAsync(stream);
                    return;
                case "MAIL":
                    from = line;
                    await SayAsync(stream, "250 ok");
                    break;
                case "RCPT":
                    to.Add(line);
                    await SayAsync(stream, Refuses ?? "250 ok");
                    break;
                case "DATA":
                    await SayAsync(stream, "354 go on");
                    var mail = new StringBuilder();
                    while (await reader.ReadLineAsync(_stop.Token) is { } text && text != ".")
                    {
                        mail.AppendLine(text);
                    }

                    Mails.Enqueue((from, [.. to], mail.ToString()));
                    await SayAsync(stream, "250 queued as 42");
                    break;
                case "QUIT":
                    await SayAsync(stream, "221 bye");
                    return;
            }
        }
    }

    private static async Task RefusedHandshakeAsync(Stream stream)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var certificate = new CertificateRequest("CN=sink", key, HashAlgorithmName.SHA256)
            .CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
        await using var secured = new SslStream(stream, leaveInnerStreamOpen: true);
        await secured.AuthenticateAsServerAsync(certificate);
    }

    private static async Task SayAsync(Stream stream, string text) => await stream.WriteAsync(Encoding.ASCII.GetBytes(text + "\r\n"));
}
