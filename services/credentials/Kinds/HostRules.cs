using Microsoft.Extensions.Options;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Credentials.Kinds;

/// <summary>Rules of addresses and hosts that a connection goes to. The service that connects checks the address again, on every connect.</summary>
internal sealed class HostRules(AddressGuard guard, IOptions<OutgoingOptions> outgoing)
{
    /// <summary>Whether unencrypted connections are allowed, as they are to servers of one's own.</summary>
    public bool AllowsPlain => outgoing.Value.AllowPrivateHosts;

    /// <summary>The address of a web service, such as an S3 endpoint.</summary>
    public string? Endpoint(string value)
    {
        if (!Uri.TryCreate(value, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
        {
            return $"'{value}' is no address: expected https://HOST or https://HOST:PORT.";
        }

        if (uri.UserInfo.Length > 0 || uri.PathAndQuery != "/" || uri.Fragment.Length > 0)
        {
            return "The address must be https://HOST or https://HOST:PORT, without user, path, query or fragment.";
        }

        return guard.WhyRefused(uri);
    }

    /// <summary>The name or address of a server.</summary>
    public string? Host(string value) => Uri.CheckHostName(value) is UriHostNameType.Unknown or UriHostNameType.Basic
        ? "Is no host: expected the name or address of the server alone, without scheme, user, port and path, for example sftp.example.com."
        : guard.WhyRefused(value);
}
