using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.Couriers.Patterns;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Sources.Heap;

/// <summary>
/// Heap Connect for S3 (seed heap-s3-source): Avro parts per table below <c>sync_ID/TABLE/</c>. A sync is complete when its manifest stands in <c>manifests/</c>; the manifest's day is the sync's.
/// Files elsewhere, as in the seed's own entities list, are taken by their pattern alone.
/// </summary>
internal sealed partial class HeapSource : ISourceType
{
    private const string Avro = "application/avro";
    private const string ManifestsFolder = "manifests/";
    private const int MaxTables = 500;

    private static readonly string[] Names = ["bucket", "prefix", "tables", "endpoint"];
    private static readonly string[] DefaultTables = ["users", "pageviews", "sessions"];

    public string Name => "heap";

    public string Title => "Heap";

    public string Description =>
        "Users, page views, sessions and events that Heap Connect writes to S3 as Avro. Files below sync_ID/ are pulled once the sync's manifest stands in manifests/, oldest sync first; the "
        + "manifest's day is the day of its files. Without an entities list, each table is pulled under its own name as the tag.";

    public IReadOnlyList<string> CredentialTypes => S3Settings.CredentialTypes;

    public JsonObject SettingsSchema => new()
    {
        ["$schema"] = S3Settings.Schema,
        ["type"] = "object",
        ["required"] = new JsonArray("bucket"),
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject
        {
            ["bucket"] = S3Settings.BucketSchema(null),
            ["prefix"] = S3Settings.Text("Folder that sync_ID/ and manifests/ lie in, when it is not the bucket's top.", null),
            ["tables"] = new JsonObject
            {
                ["type"] = "array",
                ["items"] = new JsonObject { ["type"] = "string", ["pattern"] = "^[A-Za-z0-9_-]{1,200}$" },
                ["uniqueItems"] = true,
                ["description"] = "Tables to pull when there is no entities list.",
                ["default"] = new JsonArray([.. DefaultTables.Select(name => (JsonNode)name)]),
            },
            ["endpoint"] = S3Settings.EndpointSchema(),
        },
    };

    public void Check(JsonElement settings, IReadOnlyList<Entity> entities, string path, AddressGuard guard, Findings findings)
    {
        settings.CheckNames(path, Names, findings);
        S3Settings.CheckBucket(settings, path, findings);
        S3Settings.CheckPrefix(settings, path, findings);
        S3Settings.CheckEndpoint(settings, path, guard, findings);
        CheckTables(settings, Findings.Member(path, "tables"), findings);
    }

    public SourceLayout Layout(JsonElement settings, IReadOnlyList<Entity> entities, RunMode mode)
    {
        var prefix = S3Settings.Folder(S3Settings.Text(settings, "prefix") ?? "");
        return new()
        {
            Place = S3Settings.Place(settings),
            Prefix = prefix,
            Entities = entities.Count > 0 ? entities : [.. Tables(settings).Select(table => new Entity { Pattern = FilePattern.Parse($"'sync_*/{table}/*.avro'"), Tag = table, ContentType = Avro })],
            SyncManifests = prefix + ManifestsFolder,
        };
    }

    private static IEnumerable<string> Tables(JsonElement settings) =>
        settings.TryGetProperty("tables", out var tables) && tables.ValueKind == JsonValueKind.Array ? tables.EnumerateArray().Select(table => table.GetString()!) : DefaultTables;

    private static void CheckTables(JsonElement settings, string path, Findings findings)
    {
        if (!settings.TryGetProperty("tables", out var tables) || tables.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (tables.ValueKind != JsonValueKind.Array || tables.GetArrayLength() is 0 or > MaxTables)
        {
            findings.Problem(path, tables.ValueKind == JsonValueKind.Array ? $"must name 1 to {MaxTables} tables." : $"is {tables.KindName()}; expected an array of table names such as \"users\".");
            return;
        }

        var index = 0;
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var table in tables.EnumerateArray())
        {
            if (table.ValueKind != JsonValueKind.String || !TableName().IsMatch(table.GetString()!))
            {
                findings.Problem($"{path}[{index}]", "must be a table name: 1 to 200 letters, digits, '_' or '-', for example \"users\".");
            }
            else if (!seen.Add(table.GetString()!))
            {
                findings.Problem($"{path}[{index}]", "names a table that is already named.");
            }

            index++;
        }
    }

    [GeneratedRegex(@"^[A-Za-z0-9_\-]{1,200}\z")]
    private static partial Regex TableName();
}
