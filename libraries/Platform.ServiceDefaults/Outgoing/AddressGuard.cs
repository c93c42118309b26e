using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Platform.ServiceDefaults.Outgoing;

/// <summary>
/// Decides which addresses a connection to a user-given host may reach, so that an endpoint cannot be pointed at the platform's own network or at a cloud's metadata
/// service. Names are resolved here and the address that was checked is the one connected to, at every connect: a name that changes its address later gains nothing.
/// </summary>
/// <param name="options">What is allowed.</param>
/// <param name="resolve">The addresses of a name; the system's resolver unless told.</param>
public sealed class AddressGuard(OutgoingOptions options, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private readonly Func<string, CancellationToken, Task<IPAddress[]>> _resolve = resolve ?? Dns.GetHostAddressesAsync;

    // Beside what the standards reserve: the metadata services of Alibaba (100.100.100.200), Azure (168.63.129.16), Amazon (fd00:ec2::/32), Google (fd20:ce::254) and Oracle (fd00:c1::a9fe:a9fe).
    private static readonly IPNetwork[] Forbidden =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("100.100.100.200/32"), IPNetwork.Parse("168.63.129.16/32"), IPNetwork.Parse("192.0.0.0/24"),
        IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),
        IPNetwork.Parse("::/128"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"), IPNetwork.Parse("fd00:ec2::/32"), IPNetwork.Parse("fd20:ce::254/128"), IPNetwork.Parse("fd00:c1::a9fe:a9fe/128"),
    ];

    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"),
        IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"), IPNetwork.Parse("fec0::/10"),
        IPNetwork.Parse("192.0.2.0/24"), IPNetwork.Parse("198.51.100.0/24"), IPNetwork.Parse("203.0.113.0/24"), IPNetwork.Parse("2001:db8::/32"),
    ];

    /// <summary>Why a user may not enter this endpoint, or null. A name that needs resolving is checked again when it is connected to.</summary>
    public string? WhyRefused(Uri endpoint)
    {
        if (endpoint.Scheme != Uri.UriSchemeHttps && !(endpoint.Scheme == Uri.UriSchemeHttp && options.AllowPrivateHosts))
        {
            return $"The endpoint {endpoint.GetLeftPart(UriPartial.Authority)} is not HTTPS. Use an https:// address, or allow plain HTTP with the setting Outgoing:AllowPrivateHosts.";
        }

        if (endpoint.UserInfo.Length > 0)
        {
            return "The endpoint contains a user name or password. Keep secrets in the credential.";
        }

        return WhyRefused(endpoint.Host);
    }

    /// <summary>Why a user may not enter this host, a name or an address, or null. A name that needs resolving is checked again when it is connected to.</summary>
    public string? WhyRefused(string host)
    {
        var name = Plain(host);
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
        {
            return WhyRefused(IPAddress.Loopback, host);
        }

        return IPAddress.TryParse(name.Trim('[', ']'), out var address) ? WhyRefused(address, host) : null;
    }

    /// <summary>The addresses of a host that may be connected to. Throws <see cref="AddressRefusedException"/> when there is none, and <see cref="SocketException"/> when the name has none at all.</summary>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = await _resolve(host, cancellationToken);
        var allowed = addresses.Where(address => WhyRefused(address, host) is null).ToArray();
        return allowed.Length > 0 ? allowed : throw new AddressRefusedException(addresses.Length == 0 ? $"{host} has no address." : WhyRefused(addresses[0], host)!);
    }

    /// <summary>A TCP connection to an address of the host that was checked. Throws as <see cref="ResolveAsync"/> does.</summary>
    public async Task<Stream> ConnectAsync(string host, int port, CancellationToken cancellationToken)
    {
        var allowed = await ResolveAsync(host, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>An HTTP handler that connects to checked addresses only, follows no redirects and uses no proxy.</summary>
    public SocketsHttpHandler CreateHandler() => new()
    {
        ConnectCallback = async (context, cancellationToken) => await ConnectAsync(context.DnsEndPoint.Host, context.DnsEndPoint.Port, cancellationToken),
        ConnectTimeout = ConnectTimeout,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
    };

    // As resolvers read it: wide digits and dots are digits and dots, and a dot at the end means nothing.
    private static string Plain(string host) => new string([.. host.Select(c => c switch
    {
        >= '\uFF01' and <= '\uFF5E' => (char)(c - 0xFEE0),
        '\u3002' or '\uFF61' => '.',
        _ => c,
    })]).TrimEnd('.');

    private string? WhyRefused(IPAddress address, string host)
    {
        var target = Unwrap(address);
        if (Forbidden.Any(network => network.Contains(target)))
        {
            return $"{host} is the link-local, metadata or reserved address {target}; such addresses are never connected to.";
        }

        return options.AllowPrivateHosts ? null
            : Private.Any(network => network.Contains(target)) ? $"{host} is the private address {target}. Private hosts must be allowed with the setting Outgoing:AllowPrivateHosts."
            : IsOfThisMachine(target) ? $"{host} is this machine's own address {target}. It must be allowed with the setting Outgoing:AllowPrivateHosts."
            : null;
    }

    // A public address of the machine leads to whatever listens on it for its own network.
    private static bool IsOfThisMachine(IPAddress address) => NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses).Any(own => own.Address.Equals(address));

    // An IPv4 address can hide in IPv6 ones: mapped, translated, compatible, NAT64 (well-known and local), 6to4, ISATAP and Teredo, which has it inverted.
    private static IPAddress Unwrap(IPAddress address)
    {
        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        var bytes = address.GetAddressBytes();
        if (bytes is [0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, ..] || (bytes.AsSpan(0, 12).IndexOfAnyExcept((byte)0) < 0 && !address.Equals(IPAddress.IPv6Loopback) && !address.Equals(IPAddress.IPv6Any)))
        {
            return new(bytes.AsSpan(12));
        }

        return bytes switch
        {
            [0x20, 0x02, ..] => new(bytes.AsSpan(2, 4)),
            [0, 0x64, 0xff, 0x9b, 0, 1, ..] or [0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, ..] or [_, _, _, _, _, _, _, _, _, 0, 0x5e, 0xfe, ..] => new(bytes.AsSpan(12)),
            [0x20, 0x01, 0, 0, ..] => new([.. bytes[12..].Select(b => (byte)~b)]),
            _ => address,
        };
    }
}
