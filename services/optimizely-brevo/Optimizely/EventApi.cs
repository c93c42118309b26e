using Microsoft.Extensions.Options;
using Platform.OptimizelyBrevo.Partners;

namespace Platform.OptimizelyBrevo.Optimizely;

/// <summary>Optimizely's Event API (O6). Strict, so that events that cannot be used are refused instead of dropped in silence. Repeating is safe: each event's uuid is the same every time.</summary>
internal sealed class EventApi(PartnerHttp http, IOptions<PartnerOptions> options)
{
    public async Task SendAsync(EventBatch batch, string region, CancellationToken cancellationToken)
    {
        var address = region == "EU" ? options.Value.OptimizelyEventsEu : options.Value.OptimizelyEvents;
        using var response = await http.SendAsync(
            new("Optimizely", "POST /v1/events", [], Repeatable: true),
            () => new(HttpMethod.Post, address) { Headers = { { "X-Optimizely-Strict", "true" } }, Content = JsonContent.Create(batch, OptimizelyJson.Default.EventBatch) },
            cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new PartnerException("Optimizely", response.StatusCode, null, $"the Event API answered {(int)response.StatusCode} to {batch.Visitors.Count} visitors' events.");
        }
    }
}
