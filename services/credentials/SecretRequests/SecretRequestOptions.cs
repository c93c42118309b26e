using System.ComponentModel.DataAnnotations;

namespace Platform.Credentials.SecretRequests;

/// <summary>Links for entering secrets. Section <c>SecretRequests</c>.</summary>
internal sealed class SecretRequestOptions
{
    /// <summary>Address of the gateway as people outside reach it, for example <c>https://data.example.com</c>; without it the one that the requester used.</summary>
    [Url]
    public string? PublicAddress { get; set; }

    /// <summary>How often one client may open links, or send forms, within a minute.</summary>
    [Range(1, 10_000)]
    public int CallsPerMinute { get; set; } = 30;
}
