using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler.Clients;

/// <summary>The credentials service on the internal channel.</summary>
internal sealed class CredentialsClient(HttpClient http)
{
    /// <summary>Fetches a secret; the credentials service records it under <paramref name="purpose"/>.</summary>
    public async Task<FetchedCredential> FetchAsync(string id, string purpose, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync($"/internal/credentials/{Uri.EscapeDataString(id)}/secret", new { purpose }, PlatformJson.Options, cancellationToken);
        return await response.ReadAsync<FetchedCredential>(cancellationToken);
    }
}

/// <summary>A credential with its secrets, for the time it is used and no longer. A class, for a record would print them.</summary>
internal sealed class FetchedCredential
{
    public required string Type { get; init; }

    public required IReadOnlyDictionary<string, string> Fields { get; init; }
}
