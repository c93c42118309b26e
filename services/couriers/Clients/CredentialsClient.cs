using System.Net;
using Platform.Contracts.Failures;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Clients;

/// <summary>A credential with its secrets, for the time it is used and no longer. Never logged.</summary>
internal sealed class CredentialSecret
{
    public required string Id { get; init; }

    public required string Type { get; init; }

    /// <summary>Counted from 1; greater after every rotation.</summary>
    public required int Version { get; init; }

    public required IReadOnlyDictionary<string, string?> Fields { get; init; }

    public string? Field(string name) => Fields.TryGetValue(name, out var value) && !string.IsNullOrEmpty(value) ? value : null;
}

/// <summary>The internal channel to the credentials service.</summary>
internal sealed class CredentialsClient(HttpClient http)
{
    /// <summary>Fetches the secret; the credentials service audits it under <paramref name="purpose"/>.</summary>
    public async Task<CredentialSecret> FetchAsync(string id, string purpose, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync($"/internal/credentials/{Uri.EscapeDataString(id)}/secret", new { purpose }, PlatformJson.Options, cancellationToken);
        return response.StatusCode == HttpStatusCode.NotFound
            ? throw new RunFailureException(FailureCategory.Configuration, $"The credential '{id}' does not exist. Choose an existing credential for the courier; GET /api/credentials lists them.")
            : await response.ReadAsync<CredentialSecret>(cancellationToken);
    }
}
