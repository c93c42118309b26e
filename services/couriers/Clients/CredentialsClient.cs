using System.Net;
using System.Text.Json;
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

    public required IReadOnlyDictionary<string, JsonElement> Fields { get; init; }

    /// <summary>The field as text; of a list, its members with commas between. Null when it is not there or empty.</summary>
    public string? Field(string name) => Fields.TryGetValue(name, out var value) && Text(value) is { Length: > 0 } text ? text : null;

    /// <summary>A field the credential cannot work without.</summary>
    public string Required(string name) => Field(name) ?? throw new RunFailureException(FailureCategory.Configuration, $"The credential '{Id}' has no {name}. Enter it.");

    private static string? Text(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null or JsonValueKind.Undefined => null,
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Array => string.Join(',', value.EnumerateArray().Select(Text)),
        _ => value.GetRawText(),
    };
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
