using System.Net;
using System.Net.Sockets;

namespace Platform.ServiceDefaults.Outgoing;

/// <summary>
/// Decides which addresses a connection to a user-given host may reach, so that an endpoint cannot be pointed at the platform's own network or at a cloud's metadata
/// service. Names are resolved here and the address that was checked is the one connected to, at every connect: a name that changes its address later gains nothing.
/// </summary>
public sealed class AddressGuard(OutgoingOptions options)
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(10);

    private static readonly IPNetwork[] Forbidden =
    [
        IPNetwork.Parse("0.0.0.0/8"), IPNetwork.Parse("169.254.0.0/16"), IPNetwork.Parse("100.100.100.200/32"), IPNetwork.Parse("192.0.0.0/24"),
        IPNetwork.Parse("224.0.0.0/4"), IPNetwork.Parse("240.0.0.0/4"),
        IPNetwork.Parse("::/128"), IPNetwork.Parse("fe80::/10"), IPNetwork.Parse("ff00::/8"), IPNetwork.Parse("fd00:ec2::254/128"),
    ];

    private static readonly IPNetwork[] Private =
    [
        IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("100.64.0.0/10"), IPNetwork.Parse("127.0.0.0/8"), IPNetwork.Parse("172.16.0.0/12"),
        IPNetwork.Parse("192.168.0.0/16"), IPNetwork.Parse("198.18.0.0/15"), IPNetwork.Parse("::1/128"), IPNetwork.Parse("fc00::/7"),
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
        var name = host.TrimEnd('.');
        if (name.Equals("localhost", StringComparison.OrdinalIgnoreCase) || name.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase))
        {
            return WhyRefused(IPAddress.Loopback, host);
        }

        return IPAddress.TryParse(host.Trim('[', ']'), out var address) ? WhyRefused(address, host) : null;
    }

    /// <summary>The addresses of a host that may be connected to. Throws <see cref="AddressRefusedException"/> when there is none, and <see cref="SocketException"/> when the name has none at all.</summary>
    public async Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(host, cancellationToken);
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

    private string? WhyRefused(IPAddress address, string host)
    {
        var target = Unwrap(address);
        if (Forbidden.Any(network => network.Contains(target)))
        {
            return $"{host} is the link-local, metadata or reserved address {target}; such addresses are never connected to.";
        }

        return !options.AllowPrivateHosts && Private.Any(network => network.Contains(target))
            ? $"{host} is the private address {target}. Private hosts must be allowed with the setting Outgoing:AllowPrivateHosts."
            : null;
    }

    // An IPv4 address can hide in IPv6 ones: mapped, compatible, NAT64 and 6to4.
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

        return bytes is [0x20, 0x02, ..] ? new(bytes.AsSpan(2, 4)) : address;
    }
}
