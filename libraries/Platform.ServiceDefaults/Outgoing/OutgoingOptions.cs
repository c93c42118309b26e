namespace Platform.ServiceDefaults.Outgoing;

/// <summary>What connections to hosts given by users may reach. Section <c>Outgoing</c>.</summary>
public sealed class OutgoingOptions
{
    /// <summary>
    /// Allows private and loopback addresses and plain HTTP, for servers of one's own such as <c>http://127.0.0.1:9000</c>. Link-local and metadata addresses are
    /// refused even so.
    /// </summary>
    public bool AllowPrivateHosts { get; set; }
}
