using System.Text.Json;
using Platform.Couriers.Patterns;
using Platform.Files.Engine;

namespace Platform.Couriers.Definitions;

/// <summary>Reads an entities list in the seeds' JSON (R3).</summary>
internal static class EntitiesReader
{
    private const int MaxEntities = 500;
    private const int MaxTagLength = 200;

    private static readonly string[] EntityNames =
        ["object/type", "object/file-pattern", "object/file-prefix", "object/file-ending", "object/optional", "object/land-as", "object/pgp-credential", "archive/contents", "archive/skip-missing-contents"];

    private static readonly string[] LandAsNames = ["file/tag", "file/content-type", .. FileSettingsReader.Names];
    private static readonly string[] MemberNames = ["subobject/type", "subobject/land-as"];

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
            read.AddRange(ReadEntity(item, $"{path}[{index++}]", findings));
        }

        return read;
    }

    // One entity for a file; for an archive one for each of its members that is named.
    private static IEnumerable<Entity> ReadEntity(JsonElement item, string path, Findings findings)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            findings.Problem(path, $"is {item.KindName()}; expected an object with 'object/type', 'object/file-pattern' and 'object/land-as'.");
            return [];
        }

        item.CheckNames(path, EntityNames, findings);
        var type = item.RequiredText(path, "object/type", "\"file\"", findings);
        if (type is not (null or "file" or "archive"))
        {
            findings.Problem(Findings.Member(path, "object/type"), $"is '{type}'; expected 'file' or 'archive'.");
        }

        var pattern = ReadPattern(item, path, findings);
        var optional = item.OptionalFlag(path, "object/optional", findings);
        var skipMissing = item.OptionalFlag(path, "archive/skip-missing-contents", findings);
        var pgp = item.TryGetProperty("object/pgp-credential", out var credential) && credential.ValueKind != JsonValueKind.Null
            ? item.RequiredText(path, "object/pgp-credential", "\"cred-k3f9ax2m\"", findings)
            : null;
        var landed = ReadLanded(item, path, type == "archive", skipMissing, findings);
        return pattern is null ? [] : landed.Select(one => new Entity
        {
            Pattern = pattern,
            Optional = optional,
            Tag = one.Tag,
            ContentType = one.ContentType,
            Settings = one.Settings with { PgpCredentialId = pgp },
            MemberPattern = one.Member,
        });
    }

    private static FilePattern? ReadPattern(JsonElement item, string path, Findings findings)
    {
        if (item.TryGetProperty("object/file-prefix", out _))
        {
            return ReadSequence(item, path, findings);
        }

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

    // Files of an import job's kind: prefix_timestamp.json.
    private static FilePattern? ReadSequence(JsonElement item, string path, Findings findings)
    {
        if (item.TryGetProperty("object/file-pattern", out _))
        {
            findings.Problem(Findings.Member(path, "object/file-pattern"), "stands beside 'object/file-prefix'; expected one of the two.");
            return null;
        }

        var prefix = item.RequiredText(path, "object/file-prefix", "\"exports/users_\"", findings);
        var ending = item.TryGetProperty("object/file-ending", out var given) && given.ValueKind != JsonValueKind.Null
            ? item.RequiredText(path, "object/file-ending", "\".json\"", findings)
            : null;
        if (prefix is null)
        {
            return null;
        }

        var pattern = FilePattern.TryParseSequence(prefix, ending, out var problem);
        if (pattern is null)
        {
            findings.Problem(Findings.Member(path, "object/file-prefix"), problem!);
        }

        return pattern;
    }

    private static IReadOnlyList<LandAs> ReadLanded(JsonElement item, string path, bool archive, bool skipMissing, Findings findings)
    {
        if (archive && item.TryGetProperty("archive/contents", out var contents))
        {
            return ReadArchiveContents(contents, Findings.Member(path, "archive/contents"), skipMissing, findings);
        }

        var here = Findings.Member(path, "object/land-as");
        if (!item.TryGetProperty("object/land-as", out var landAs))
        {
            findings.Problem(here, "is missing; expected { \"file/tag\": \"TAG\", \"file/content-type\": \"application/x-parquet\" }.");
            return [];
        }

        return ReadLandAs(landAs, here, findings) is { } one ? [one] : [];
    }

    // The archive is pulled once, and its members are taken apart when they are read: each under its own tag.
    private static List<LandAs> ReadArchiveContents(JsonElement contents, string path, bool skipMissing, Findings findings)
    {
        var members = new List<LandAs>();
        if (contents.ValueKind != JsonValueKind.Object || !contents.EnumerateObject().Any())
        {
            findings.Problem(path, $"is {(contents.ValueKind == JsonValueKind.Object ? "empty" : contents.KindName())}; expected an object of member names, each with 'subobject/land-as'.");
            return members;
        }

        contents.CheckNames(path, null, findings);
        foreach (var member in contents.EnumerateObject())
        {
            var here = Findings.Member(path, member.Name);
            if (member.Value.ValueKind != JsonValueKind.Object || !member.Value.TryGetProperty("subobject/land-as", out var landAs))
            {
                findings.Problem(Findings.Member(here, "subobject/land-as"), "is missing; expected { \"file/tag\": \"TAG\", \"file/content-type\": \"text/csv\" }.");
                continue;
            }

            member.Value.CheckNames(here, MemberNames, findings);
            if (ReadLandAs(landAs, Findings.Member(here, "subobject/land-as"), findings) is { } read)
            {
                // A name without quotes and dates, as people write it who think of a file and not of a pattern, is taken as it stands.
                var pattern = FilePattern.TryParse(member.Name, out _);
                members.Add(read with { Member = pattern, Settings = read.Settings with { Member = new(pattern?.Glob(null) ?? member.Name, skipMissing) } });
            }
        }

        return members;
    }

    private static LandAs? ReadLandAs(JsonElement landAs, string path, Findings findings)
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

        var settings = FileSettingsReader.Read(landAs, path, findings);
        return tag is null || contentType is null ? null : new(tag, contentType, settings, null);
    }

    private sealed record LandAs(string Tag, string ContentType, FileSettings Settings, FilePattern? Member);
}
