using System.Net;
using Platform.Campaigns.Dispatches;
using Platform.Contracts.Failures;
using Platform.Files.Locations.Sftp;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Clients;

/// <summary>The internal channel to the credentials service.</summary>
internal sealed class CredentialsClient(HttpClient http)
{
    /// <summary>The account of a credential of type <c>sftp</c> on a server. The secret is held as long as the connection and no longer.</summary>
    public async Task<SftpOptions> FetchAsync(string id, string host, int port, string purpose, CancellationToken cancellationToken)
    {
        using var response = await http.PostAsJsonAsync($"/internal/credentials/{Uri.EscapeDataString(id)}/secret", new { purpose }, PlatformJson.Options, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            throw new DispatchFailureException(FailureCategory.Configuration, $"The credential '{id}' does not exist. Choose a credential of type sftp for the connection; GET /api/credentials lists them.");
        }

        var secret = await response.ReadAsync<Secret>(cancellationToken);
        if (secret.Type != "sftp")
        {
            throw new DispatchFailureException(FailureCategory.Configuration, $"The credential '{id}' is of type {secret.Type}; the connection needs one of type sftp.");
        }

        return new()
        {
            Host = host,
            Port = port,
            User = secret.Field("user") ?? "",
            Password = secret.Field("password"),
            PrivateKey = secret.Field("privateKey"),
            Passphrase = secret.Field("passphrase"),
            HostKeys = secret.Field("hostKey") ?? "",
        };
    }

    private sealed record Secret(string Type, IReadOnlyDictionary<string, string?> Fields)
    {
        public string? Field(string name) => Fields.TryGetValue(name, out var value) && !string.IsNullOrEmpty(value) ? value : null;
    }
}
