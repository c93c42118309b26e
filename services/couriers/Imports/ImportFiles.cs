using System.Text.Json.Nodes;
using Platform.Couriers.Previews;

namespace Platform.Couriers.Imports;

/// <summary>What the courier of an import job pulls, in the words of the entities list.</summary>
internal static class ImportFiles
{
    /// <summary>The one tag of the job's files.</summary>
    public const string Tag = "import";

    /// <summary>Fields are chosen by name, so that a CSV file always has its names in the first row.</summary>
    public const int HeaderRows = 1;

    private static readonly string[] Text = ["text/csv", "text/tab-separated-values", "text/pipe-separated-values"];

    // Names that say nothing are guessed from the first byte, and this one is neither's.
    private static ReadOnlySpan<byte> Neither => "<"u8;

    /// <summary>What a name says about the format, also where the file is packed.</summary>
    public static ImportFormat? FormatOf(string? name) => name is null ? null : FileKinds.Guess(name, Neither) switch
    {
        "application/json" or "application/x-ndjson" => ImportFormat.Json,
        var type when Text.Contains(type) => ImportFormat.Csv,
        _ => null,
    };

    public static string Ending(ImportFormat format) => format == ImportFormat.Json ? ".json" : ".csv";

    /// <summary>The content type, as far as the name decides it; JSON depends on what the file begins with.</summary>
    public static string ContentType(ImportPlan plan, ReadOnlySpan<byte> head) => plan.Format switch
    {
        ImportFormat.Json => head.TrimStart(" \t\r\n\uFEFF"u8) is [(byte)'[', ..] ? "application/json" : "application/x-ndjson",
        _ when plan.Input.Delimiter is not null => Text[0],
        _ when plan.Ending is { } ending && FileKinds.Guess($"x{ending}", []) is var type && Text.Contains(type) => type,
        _ when plan.File is { } file && FileKinds.Guess(file, []) is var type && Text.Contains(type) => type,
        _ => Text[0],
    };

    /// <summary>A comma where nothing else is said, as the seed has it.</summary>
    public static string? Separator(ImportPlan plan, string contentType) => plan.Format == ImportFormat.Json ? null : plan.Input.Delimiter ?? (contentType == Text[0] ? "," : null);

    public static JsonObject Settings(ImportPlan plan)
    {
        var settings = new JsonObject { ["bucket"] = plan.Input.Bucket };
        if (plan.Input.Endpoint is { } endpoint)
        {
            settings["endpoint"] = endpoint;
        }

        return settings;
    }

    public static JsonArray Entities(ImportPlan plan, string contentType)
    {
        var landAs = new JsonObject { ["file/tag"] = Tag, ["file/content-type"] = contentType };
        if (Separator(plan, contentType) is { } separator)
        {
            landAs["file/separator"] = separator;
        }

        if (plan.Format == ImportFormat.Csv)
        {
            landAs["file/header-rows"] = HeaderRows;
        }

        var entity = new JsonObject { ["object/type"] = "file" };
        if (plan.SequencePrefix is { } prefix)
        {
            entity["object/file-prefix"] = prefix;
            entity["object/file-ending"] = plan.Ending;
        }
        else
        {
            entity["object/file-pattern"] = plan.Pattern.Text;
        }

        if (plan.Input.PgpCredentialId is { } pgp)
        {
            entity["object/pgp-credential"] = pgp;
        }

        entity["object/land-as"] = landAs;
        return [entity];
    }

    public static JsonObject LoadOperations(string feedId) => new() { [feedId] = new JsonArray(new JsonObject { ["type"] = "load", ["file"] = Tag }) };
}
