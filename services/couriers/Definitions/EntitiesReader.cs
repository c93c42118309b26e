using System.Text.Json;
using Platform.Couriers.Patterns;

namespace Platform.Couriers.Definitions;

/// <summary>Reads an entities list in the seeds' JSON (R3).</summary>
internal static class EntitiesReader
{
    private const int MaxEntities = 500;
    private const int MaxTagLength = 200;

    private static readonly string[] EntityNames =
        ["object/type", "object/file-pattern", "object/optional", "object/land-as", "object/pgp-credential", "archive/contents", "archive/skip-missing-contents"];

    private static readonly string[] LandAsNames =
        ["file/tag", "file/content-type", "file/header-rows", "file/separator", "file/quote", "file/escape", "file/encoding", "file/compression"];

    /// <summary>Content types of R14 as the seeds write them.</summary>
    internal static readonly string[] ContentTypes =
    [
        "text/csv", "text/tab-separated-values", "text/pipe-separated-values", "application/json", "application/x-ndjson", "application/x-json-stream", "application/avro",
        "application/x-parquet", "application/xml",
    ];

    public static IReadOnlyList<Entity> Read(JsonElement? entities, string path, Findings findings)
    {
        if (entities is not { } list || list.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined)
        {
            return [];
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            findings.Problem(path, $"is {list.KindName()}; expected an array of entities.");
            return [];
        }

        if (list.GetArrayLength() > MaxEntities)
        {
            findings.Problem(path, $"has {list.GetArrayLength()} entities; at most {MaxEntities} are possible.");
            return [];
        }

        var read = new List<Entity>();
        var index = 0;
        foreach (var item in list.EnumerateArray())
        {
            if (ReadEntity(item, $"{path}[{index++}]", findings) is { } entity)
            {
                read.Add(entity);
            }
        }

        return read;
    }

    private static Entity? ReadEntity(JsonElement item, string path, Findings findings)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            findings.Problem(path, $"is {item.KindName()}; expected an object with 'object/type', 'object/file-pattern' and 'object/land-as'.");
            return null;
        }

        item.CheckNames(path, EntityNames, findings);
        var type = item.RequiredText(path, "object/type", "\"file\"", findings);
        if (type is not (null or "file" or "archive"))
        {
            findings.Problem(Findings.Member(path, "object/type"), $"is '{type}'; expected 'file' or 'archive'.");
        }

        var pattern = ReadPattern(item, path, findings);
        var optional = item.OptionalFlag(path, "object/optional", findings);
        var landAs = ReadLandAs(item, path, type == "archive", findings);
        return pattern is null || landAs is not { } as_ ? null : new() { Pattern = pattern, Optional = optional, Tag = as_.Tag, ContentType = as_.ContentType };
    }

    private static FilePattern? ReadPattern(JsonElement item, string path, Findings findings)
    {
        if (item.RequiredText(path, "object/file-pattern", "\"'path/to/users'-yyyy-MM-dd'.avro'\"", findings) is not { } text)
        {
            return null;
        }

        var pattern = FilePattern.TryParse(text, out var problem);
        if (pattern is null)
        {
            findings.Problem(Findings.Member(path, "object/file-pattern"), problem!);
        }

        return pattern;
    }

    private static (string Tag, string ContentType)? ReadLandAs(JsonElement item, string path, bool archive, Findings findings)
    {
        if (archive && item.TryGetProperty("archive/contents", out var contents))
        {
            return ReadArchiveContents(contents, Findings.Member(path, "archive/contents"), findings);
        }

        var here = Findings.Member(path, "object/land-as");
        if (!item.TryGetProperty("object/land-as", out var landAs))
        {
            findings.Problem(here, "is missing; expected { \"file/tag\": \"TAG\", \"file/content-type\": \"application/x-parquet\" }.");
            return null;
        }

        return ReadLandAs(landAs, here, findings);
    }

    // Members are taken apart when the archive is read; what is pulled is the archive, under the tag of its first member.
    private static (string Tag, string ContentType)? ReadArchiveContents(JsonElement contents, string path, Findings findings)
    {
        if (contents.ValueKind != JsonValueKind.Object || !contents.EnumerateObject().Any())
        {
            findings.Problem(path, $"is {(contents.ValueKind == JsonValueKind.Object ? "empty" : contents.KindName())}; expected an object of member names, each with 'subobject/land-as'.");
            return null;
        }

        contents.CheckNames(path, null, findings);
        (string, string)? first = null;
        foreach (var member in contents.EnumerateObject())
        {
            var here = Findings.Member(path, member.Name);
            if (member.Value.ValueKind != JsonValueKind.Object || !member.Value.TryGetProperty("subobject/land-as", out var landAs))
            {
                findings.Problem(Findings.Member(here, "subobject/land-as"), "is missing; expected { \"file/tag\": \"TAG\", \"file/content-type\": \"text/csv\" }.");
                continue;
            }

            first ??= ReadLandAs(landAs, Findings.Member(here, "subobject/land-as"), findings);
        }

        return first;
    }

    private static (string Tag, string ContentType)? ReadLandAs(JsonElement landAs, string path, Findings findings)
    {
        if (landAs.ValueKind != JsonValueKind.Object)
        {
            findings.Problem(path, $"is {landAs.KindName()}; expected an object with 'file/tag' and 'file/content-type'.");
            return null;
        }

        landAs.CheckNames(path, LandAsNames, findings);
        var tag = landAs.RequiredText(path, "file/tag", "\"users\"", findings);
        if (tag?.Length > MaxTagLength)
        {
            findings.Problem(Findings.Member(path, "file/tag"), $"has {tag.Length} characters; at most {MaxTagLength} are possible.");
        }

        var contentType = landAs.RequiredText(path, "file/content-type", "\"application/x-parquet\"", findings);
        if (contentType is not null && !ContentTypes.Contains(contentType, StringComparer.Ordinal))
        {
            findings.Problem(Findings.Member(path, "file/content-type"), $"is '{contentType}'; expected one of {string.Join(", ", ContentTypes)}.");
        }

        return tag is null || contentType is null ? null : (tag, contentType);
    }
}
