using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Sources.AmazonS3;

/// <summary>Files in any bucket, taken by the patterns of the entities list.</summary>
internal sealed class AmazonS3Source : ISourceType
{
    private static readonly string[] Names = ["bucket", "prefix", "endpoint"];

    public string Name => "amazon-s3";

    public string Title => "Amazon S3";

    public string Description => "Files in a bucket of Amazon S3 or an S3-compatible server, chosen by the patterns of the entities list.";

    public IReadOnlyList<string> CredentialTypes { get; } = S3Settings.CredentialTypes;

    public JsonObject SettingsSchema => new()
    {
        ["$schema"] = S3Settings.Schema,
        ["type"] = "object",
        ["required"] = new JsonArray("bucket"),
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject
        {
            ["bucket"] = S3Settings.BucketSchema(null),
            ["prefix"] = S3Settings.Text("Folder all patterns are below, for example exports/.", null),
            ["endpoint"] = S3Settings.EndpointSchema(),
        },
    };

    public void Check(JsonElement settings, IReadOnlyList<Entity> entities, string path, AddressGuard guard, Findings findings)
    {
        settings.CheckNames(path, Names, findings);
        S3Settings.CheckBucket(settings, path, findings);
        S3Settings.CheckPrefix(settings, path, findings);
        S3Settings.CheckEndpoint(settings, path, guard, findings);
        if (entities.Count == 0 && findings.Problems.Count == 0)
        {
            findings.Problem("$.entities", "is empty; this source type needs at least one entity that says which files to pull.");
        }
    }

    public SourceLayout Layout(JsonElement settings, IReadOnlyList<Entity> entities, RunMode mode) => new()
    {
        Place = S3Settings.Place(settings),
        Prefix = S3Settings.Folder(S3Settings.Text(settings, "prefix") ?? ""),
        Entities = entities,
    };
}
