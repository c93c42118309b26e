namespace Platform.Credentials.Kinds;

/// <summary>What user-given addresses may be. Section <c>Outgoing</c>.</summary>
internal sealed class OutgoingOptions
{
    /// <summary>Allows plain HTTP and private addresses, for S3 servers inside the own network. The couriers check the address itself on every connect.</summary>
    public bool AllowPrivateHosts { get; set; }
}
