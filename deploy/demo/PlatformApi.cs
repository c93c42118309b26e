using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;

namespace Platform.Demo;

/// <summary>The platform's public API, as anybody with an API key has it: every call goes through the gateway and is shown.</summary>
internal sealed class PlatformApi : IDisposable
{
    private readonly HttpClient _http;

    public PlatformApi(Uri gateway, string apiKey)
    {
        _http = new() { BaseAddress = gateway, Timeout = TimeSpan.FromSeconds(60) };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    public Task<JsonNode> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null, shown: false);

    public Task<JsonNode> PostAsync(string path, JsonNode? body = null) => SendAsync(HttpMethod.Post, path, body, shown: true);

    public Task<JsonNode> PutAsync(string path, JsonNode body) => SendAsync(HttpMethod.Put, path, body, shown: true);

    /// <summary>The item of a paged list for which <paramref name="property"/> is <paramref name="value"/>, or null.</summary>
    public async Task<JsonNode?> FindAsync(string path, string property, string value)
    {
        string? after = null;
        do
        {
            var page = await GetAsync($"{path}?limit=200{(after is null ? "" : $"&after={Uri.EscapeDataString(after)}")}");
            if (page["items"]!.AsArray().FirstOrDefault(item => (string?)item![property] == value) is { } found)
            {
                return found;
            }

            after = (string?)page["next"];
        }
        while (after is not null);
        return null;
    }

    public void Dispose() => _http.Dispose();

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, JsonNode? body, bool shown)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        using var response = await _http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        if (shown || !response.IsSuccessStatusCode)
        {
            Console.WriteLine($"    {method} {path} -> {(int)response.StatusCode}");
        }

        return response.IsSuccessStatusCode
            ? JsonNode.Parse(text.Length == 0 ? "{}" : text)!
            : throw new DemoFailedException($"{method} {path} answered {(int)response.StatusCode}: {text}");
    }
}

/// <summary>The demo cannot go on; the message says what was answered.</summary>
internal sealed class DemoFailedException(string message) : Exception(message);
