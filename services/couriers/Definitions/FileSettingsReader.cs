using System.Text.Json;
using Platform.Files.Engine;

namespace Platform.Couriers.Definitions;

/// <summary>Reads what <c>object/land-as</c> says about how a file is written (R3).</summary>
internal static class FileSettingsReader
{
    /// <summary>The keys that are read here.</summary>
    public static readonly string[] Names =
        ["file/header-rows", "file/separator", "file/quote", "file/escape", "file/encoding", "file/columns", "file/column-names", "file/row-element", "file/compression"];

    private static readonly string[] Compressions = ["none", "gzip", "zstd", "bzip2", "zip", "tar"];

    public static FileSettings Read(JsonElement landAs, string path, Findings findings)
    {
        var before = findings.Problems.Count;
        var csv = new CsvSettings
        {
            Separator = Text(landAs, path, "file/separator", findings),
            Quote = Text(landAs, path, "file/quote", findings),
            Escape = Text(landAs, path, "file/escape", findings),
            HeaderRows = Number(landAs, path, "file/header-rows", findings),
            Encoding = Text(landAs, path, "file/encoding", findings),
            Columns = Columns(landAs, path, findings),
            ColumnNames = ColumnNames(landAs, path, findings),
        };
        var settings = new FileSettings
        {
            Csv = csv == new CsvSettings() ? null : csv,
            Xml = Text(landAs, path, "file/row-element", findings) is { } element ? new() { RowElement = element } : null,
            Compression = Text(landAs, path, "file/compression", findings),
        };
        if (settings.Compression is { } compression && !Compressions.Contains(compression, StringComparer.Ordinal))
        {
            findings.Problem(Findings.Member(path, "file/compression"), $"is '{compression}'; expected one of {string.Join(", ", Compressions)}, or nothing: it is found out from the file's first bytes.");
        }

        if (findings.Problems.Count == before)
        {
            foreach (var problem in settings.Problems())
            {
                findings.Problem(Findings.Member(path, problem.Key), problem.Problem);
            }
        }

        return settings;
    }

    private static string? Text(JsonElement landAs, string path, string name, Findings findings)
    {
        if (!landAs.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        findings.Problem(Findings.Member(path, name), $"is {value.KindName()}; expected a text.");
        return null;
    }

    private static int? Number(JsonElement landAs, string path, string name, Findings findings)
    {
        if (!landAs.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number))
        {
            return number;
        }

        findings.Problem(Findings.Member(path, name), $"is {value.KindName()}; expected a whole number.");
        return null;
    }

    private static IReadOnlyList<string>? Columns(JsonElement landAs, string path, Findings findings)
    {
        const string Name = "file/columns";
        if (!landAs.TryGetProperty(Name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Array && value.EnumerateArray().All(column => column.ValueKind == JsonValueKind.String))
        {
            return [.. value.EnumerateArray().Select(column => column.GetString()!)];
        }

        findings.Problem(Findings.Member(path, Name), $"is {(value.ValueKind == JsonValueKind.Array ? "an array of something else" : value.KindName())}; expected an array of column names.");
        return null;
    }

    private static IReadOnlyList<IReadOnlyList<string>>? ColumnNames(JsonElement landAs, string path, Findings findings)
    {
        const string Name = "file/column-names";
        if (!landAs.TryGetProperty(Name, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Array
            && value.EnumerateArray().All(column => column.ValueKind == JsonValueKind.Array && column.EnumerateArray().All(name => name.ValueKind == JsonValueKind.String)))
        {
            return [.. value.EnumerateArray().Select(column => column.EnumerateArray().Select(name => name.GetString()!).ToArray())];
        }

        findings.Problem(Findings.Member(path, Name),
            $"is {(value.ValueKind == JsonValueKind.Array ? "an array of something else" : value.KindName())}; expected an array with an array of names for each column.");
        return null;
    }
}
