using System.Net;
using System.Text.Json;
using Platform.Contracts.Failures;
using Platform.Feeds.Loading;
using Platform.Files.Engine;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Credentials;

/// <summary>What the feeds service asks of the credentials service: the keys of encrypted files, for the time of one reading.</summary>
internal sealed class CredentialsClient(HttpClient http)
{
    private const string PgpType = "pgp";

    /// <summary>The keys of a PGP credential; the credentials service audits the call under <paramref name="purpose"/>.</summary>
    /// <exception cref="LoadFailedException">There is no such credential, it is of another type, or the service does not answer.</exception>
    public async Task<PgpKey> PgpKeyAsync(string id, string purpose, CancellationToken cancellationToken)
    {
        var secret = await FetchAsync(id, purpose, cancellationToken);
        return secret.Type == PgpType
            ? new() { PrivateKey = Field(secret, "privateKey"), Passphrase = Field(secret, "passphrase") }
            : throw new LoadFailedException(FailureCategory.Configuration, $"The credential '{id}' is of type '{secret.Type}'. Expected one of type '{PgpType}' as object/pgp-credential in the courier's entities list.");
    }

    private async Task<Secret> FetchAsync(string id, string purpose, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await http.PostAsJsonAsync($"/internal/credentials/{Uri.EscapeDataString(id)}/secret", new { purpose }, PlatformJson.Options, cancellationToken);
            return await response.ReadAsync<Secret>(cancellationToken);
        }
        catch (InternalCallException e) when (e.Status == HttpStatusCode.NotFound)
        {
            throw new LoadFailedException(FailureCategory.Configuration, $"The credential '{id}' does not exist. Set an existing one as object/pgp-credential in the courier's entities list; GET /api/credentials lists them.");
        }
        catch (Exception e) when (e is HttpRequestException or InternalCallException { Status: >= HttpStatusCode.InternalServerError })
        {
            throw new LoadFailedException(FailureCategory.Environment, $"The credentials service did not give the key '{id}': {e.Message}");
        }
    }

    private static string? Field(Secret secret, string name) => secret.Fields.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private sealed record Secret(string Type, IReadOnlyDictionary<string, JsonElement> Fields);
}
