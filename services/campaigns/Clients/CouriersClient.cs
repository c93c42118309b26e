using System.Text.Json.Nodes;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Clients;

/// <summary>The internal channel to the couriers service.</summary>
internal sealed class CouriersClient(HttpClient http)
{
    /// <summary>Makes the courier under this id, or replaces its definition.</summary>
    public async Task EnsureAsync(string id, JsonObject courier, CancellationToken cancellationToken)
    {
        using var response = await http.PutAsJsonAsync($"/internal/couriers/{Uri.EscapeDataString(id)}", courier, PlatformJson.Options, cancellationToken);
        await response.ReadAsync<JsonObject>(cancellationToken);
    }
}
