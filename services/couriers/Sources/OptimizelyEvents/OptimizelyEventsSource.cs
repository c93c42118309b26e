using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.Couriers.Patterns;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Sources.OptimizelyEvents;

/// <summary>
/// Optimizely's enriched events export (R5, seed "Optimizely S3 partitions"): Parquet below <c>v1/account_id=…/type=decisions|events/date=YYYY-MM-DD/experiment=…|event=…/</c>. A day
/// of a type is ready when <c>_SUCCESS</c> stands in its <c>date=</c> folder.
/// </summary>
internal sealed partial class OptimizelyEventsSource : ISourceType
{
    private const string DefaultBucket = "optimizely-events-data";
    private const string DefaultPrefix = "v1/";
    private const string Parquet = "application/x-parquet";

    private static readonly string[] Names = ["bucket", "accountId", "prefix", "types", "endpoint"];
    private static readonly string[] TypeNames = ["decisions", "events", "conversions"];

    public string Name => "optimizely-events";

    public string Title => "Optimizely enriched events";

    public string Description =>
        "Decisions and events (conversions) that Optimizely exports daily as Parquet partitions to S3. A day is pulled when its _SUCCESS marker stands. Without an entities list, "
        + "decisions and events are pulled under the tags 'decisions' and 'events'. Patterns of an entities list are relative to PREFIXaccount_id=ACCOUNT/.";

    public IReadOnlyList<string> CredentialTypes { get; } = [.. S3Settings.CredentialTypes, "optimizely-export"];

    public JsonObject SettingsSchema => new()
    {
        ["$schema"] = S3Settings.Schema,
        ["type"] = "object",
        ["required"] = new JsonArray("bucket", "accountId"),
        ["additionalProperties"] = false,
        ["properties"] = new JsonObject
        {
            ["bucket"] = S3Settings.BucketSchema(DefaultBucket),
            ["accountId"] = S3Settings.Text("Optimizely account id, the part after account_id= in the paths.", null),
            ["prefix"] = S3Settings.Text("What stands before account_id= in the paths.", DefaultPrefix),
            ["types"] = new JsonObject
            {
                ["type"] = "array",
                ["items"] = new JsonObject { ["enum"] = new JsonArray([.. TypeNames.Select(name => (JsonNode)name)]) },
                ["uniqueItems"] = true,
                ["description"] = "Partitions to pull when there is no entities list. 'conversions' is another name of 'events'; it becomes the tag as written.",
                ["default"] = new JsonArray("decisions", "events"),
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
        CheckAccount(settings, path, findings);
        CheckTypes(settings, Findings.Member(path, "types"), findings);
    }

    public SourceLayout Layout(JsonElement settings, IReadOnlyList<Entity> entities, RunMode mode) => new()
    {
        Place = S3Settings.Place(settings),
        Prefix = $"{S3Settings.Folder(S3Settings.Text(settings, "prefix") ?? DefaultPrefix)}account_id={Account(settings)}/",
        Entities = entities.Count > 0 ? entities : [.. Types(settings).SelectMany(type => DefaultEntities(type, mode))],
        ReadyMarker = "_SUCCESS",
        Aliases = [("type=conversions/", "type=events/"), ("type=events/", "type=conversions/")],
    };

    // All data means whatever the account has, also exports without date folders; a named day must have both types.
    private static IEnumerable<Entity> DefaultEntities(string type, RunMode mode)
    {
        yield return Entity($"'type={type}/date='yyyy-MM-dd'/*=*/*.parquet'", type, mode);
        if (mode == RunMode.All)
        {
            yield return Entity($"'type={type}/*.parquet'", type, mode);
        }
    }

    private static Entity Entity(string pattern, string tag, RunMode mode) =>
        new() { Pattern = FilePattern.Parse(pattern), Tag = tag, ContentType = Parquet, Optional = mode == RunMode.All };

    private static void CheckAccount(JsonElement settings, string path, Findings findings)
    {
        // People copy account ids from where they are numbers.
        if (settings.TryGetProperty("accountId", out var number) && number.ValueKind == JsonValueKind.Number && number.TryGetInt64(out _))
        {
            return;
        }

        if (settings.RequiredText(path, "accountId", "\"596780373\"", findings) is { } account && !AccountId().IsMatch(account))
        {
            findings.Problem(Findings.Member(path, "accountId"), $"is '{account}'; expected the account id alone: letters, digits, '-' and '_'.");
        }
    }

    private static string Account(JsonElement settings)
    {
        var account = settings.GetProperty("accountId");
        return account.ValueKind == JsonValueKind.Number ? account.GetRawText() : account.GetString()!;
    }

    private static void CheckTypes(JsonElement settings, string path, Findings findings)
    {
        if (!settings.TryGetProperty("types", out var types) || types.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (types.ValueKind != JsonValueKind.Array || types.GetArrayLength() == 0)
        {
            findings.Problem(path, $"is {(types.ValueKind == JsonValueKind.Array ? "empty" : types.KindName())}; expected an array of {string.Join(", ", TypeNames)}.");
            return;
        }

        var index = 0;
        var canonical = new HashSet<string>();
        foreach (var type in types.EnumerateArray())
        {
            var name = type.ValueKind == JsonValueKind.String ? type.GetString() : null;
            if (!TypeNames.Contains(name))
            {
                findings.Problem($"{path}[{index}]", $"is {(name is null ? type.KindName() : $"'{name}'")}; expected one of {string.Join(", ", TypeNames)}.");
            }
            else if (!canonical.Add(name == "conversions" ? "events" : name!))
            {
                findings.Problem($"{path}[{index}]", "names a partition that is already named; 'events' and 'conversions' are the same.");
            }

            index++;
        }
    }

    private static IEnumerable<string> Types(JsonElement settings) =>
        settings.TryGetProperty("types", out var types) && types.ValueKind == JsonValueKind.Array
            ? types.EnumerateArray().Select(type => type.GetString()!)
            : ["decisions", "events"];

    [GeneratedRegex(@"^[A-Za-z0-9_\-]{1,100}$")]
    private static partial Regex AccountId();
}
