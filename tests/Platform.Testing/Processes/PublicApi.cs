using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Platform.Testing.Processes;

/// <summary>The public API as a person with an API key has it, all through the gateway; an answer that is no success fails the test with its text.</summary>
public sealed class PublicApi(HttpClient client) : IDisposable
{
    private static readonly TimeSpan RunLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(50);

    /// <summary>GET.</summary>
    public Task<JsonNode> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    /// <summary>POST.</summary>
    public Task<JsonNode> PostAsync(string path, JsonNode? body = null) => SendAsync(HttpMethod.Post, path, body);

    /// <summary>PUT.</summary>
    public Task<JsonNode> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, body);

    /// <summary>Starts a run of the courier and waits until it has ended, however it ended.</summary>
    public async Task<JsonNode> RunAsync(string courierId, JsonNode request, TimeSpan? within = null)
    {
        var run = await PostAsync($"/api/couriers/{courierId}/runs", request);
        return await EndOfRunAsync((string)run["id"]!, within);
    }

    /// <summary>Waits until a run has ended, however it ended.</summary>
    public async Task<JsonNode> EndOfRunAsync(string runId, TimeSpan? within = null)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            var run = await GetAsync($"/api/courier-runs/{runId}");
            if ((string)run["state"]! is "succeeded" or "failed" or "cancelled")
            {
                return run;
            }

            if (waited.Elapsed > (within ?? RunLimit))
            {
                throw new TimeoutException($"The run has not ended after {waited.Elapsed.TotalSeconds:0} s: {run.ToJsonString()}");
            }

            await Task.Delay(Poll);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => client.Dispose();

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text.Length == 0 ? "{}" : text)!
            : throw new HttpRequestException($"{method} {path} answered {(int)response.StatusCode}: {text}", null, response.StatusCode);
    }
}
