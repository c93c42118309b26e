using System.Net;
using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Feeds.Tests;

internal static class HttpAnswers
{
    /// <summary>The body, after the status was found to be the expected one.</summary>
    public static async Task<JsonNode> ReadAsync(this HttpResponseMessage answer, HttpStatusCode expected)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == expected, $"{answer.RequestMessage?.RequestUri} answered {(int)answer.StatusCode}, expected {(int)expected}: {text}");
        return JsonNode.Parse(text)!;
    }

    public static async Task<JsonNode> GetAsync(this HttpClient client, string path, HttpStatusCode expected) => await (await client.GetAsync(path)).ReadAsync(expected);

    /// <summary>The load's counts in the order of the balance, then what was removed: read inserted updated unchanged superseded rejected removed.</summary>
    public static string Counts(this JsonNode load)
    {
        var rows = load["rows"]!;
        return string.Join(' ', new[] { "read", "inserted", "updated", "unchanged", "superseded", "rejected" }.Select(name => (long)rows[name]!).Append((long)load["removed"]!));
    }
}
