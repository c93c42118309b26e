using System.Text.Json;
using System.Text.Json.Nodes;

namespace Platform.Testing;

/// <summary>The committed OpenAPI documents: each says exactly what its process serves. With the environment variable <c>UPDATE_OPENAPI=1</c> a difference rewrites the file instead.</summary>
public static class OpenApiDocument
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Compares what a service describes itself as with <c>services/{service}/openapi.json</c>.</summary>
    public static Task MatchesServiceAsync(HttpClient client, string service) => MatchesAsync(client, "/internal/openapi/v1.json", "services", service, "openapi.json");

    /// <summary>Compares the document served at <paramref name="path"/> with a file of the repository.</summary>
    public static async Task MatchesAsync(HttpClient client, string path, params string[] file)
    {
        var served = JsonNode.Parse(await client.GetStringAsync(path))!;
        var committed = Repository.PathOf(file);
        if (Environment.GetEnvironmentVariable("UPDATE_OPENAPI") == "1")
        {
            await File.WriteAllTextAsync(committed, served.ToJsonString(Indented) + "\n");
            return;
        }

        var name = string.Join('/', file);
        if (!File.Exists(committed))
        {
            throw new InvalidOperationException($"{name} is missing. Run this test with UPDATE_OPENAPI=1 and commit the file.");
        }

        var differences = Differences(JsonNode.Parse(await File.ReadAllTextAsync(committed)), served, "$").Take(20).ToList();
        if (differences.Count > 0)
        {
            throw new InvalidOperationException(
                $"{name} is not what is served at {path}. Run this test with UPDATE_OPENAPI=1, read the difference and commit it.\n{string.Join('\n', differences)}");
        }
    }

    private static IEnumerable<string> Differences(JsonNode? committed, JsonNode? served, string path)
    {
        if (committed is JsonObject left && served is JsonObject right)
        {
            return left.Select(member => member.Key).Union(right.Select(member => member.Key)).SelectMany(name => (left.ContainsKey(name), right.ContainsKey(name)) switch
            {
                (true, false) => [$"{path}.{name} is committed and not served"],
                (false, true) => [$"{path}.{name} is served and not committed"],
                _ => Differences(left[name], right[name], $"{path}.{name}"),
            });
        }

        return JsonNode.DeepEquals(committed, served) ? [] : [$"{path} is {committed?.ToJsonString() ?? "null"} in the file and served as {served?.ToJsonString() ?? "null"}"];
    }
}
