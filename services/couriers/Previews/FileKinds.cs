using Platform.Files;

namespace Platform.Couriers.Previews;

/// <summary>Tells what a file is from its first bytes and its name, where nobody says.</summary>
internal static class FileKinds
{
    public const string Parquet = "application/x-parquet";
    public const string Avro = "application/avro";

    private static readonly Dictionary<string, string> ByExtension = new(StringComparer.OrdinalIgnoreCase)
    {
        [".parquet"] = Parquet,
        [".avro"] = Avro,
        [".csv"] = "text/csv",
        [".txt"] = "text/csv",
        [".tsv"] = "text/tab-separated-values",
        [".tab"] = "text/tab-separated-values",
        [".psv"] = "text/pipe-separated-values",
        [".json"] = "application/json",
        [".ndjson"] = "application/x-ndjson",
        [".jsonl"] = "application/x-ndjson",
        [".xml"] = "application/xml",
    };

    private static readonly string[] Wrappers = [".gz", ".gzip", ".zst", ".bz2", ".zip", ".tar", ".tgz", ".pgp", ".gpg", ".asc"];

    /// <summary>The content type; text that says nothing of itself is CSV.</summary>
    public static string Guess(string name, ReadOnlySpan<byte> head)
    {
        if (head.StartsWith("PAR1"u8))
        {
            return Parquet;
        }

        if (head.StartsWith("Obj\u0001"u8))
        {
            return Avro;
        }

        while (Wrappers.Contains(Path.GetExtension(name), StringComparer.OrdinalIgnoreCase))
        {
            name = Path.GetFileNameWithoutExtension(name);
        }

        if (ByExtension.TryGetValue(Path.GetExtension(name), out var type))
        {
            return type;
        }

        var text = head.TrimStart(" \t\r\n\uFEFF"u8);
        return text switch
        {
            [(byte)'[', ..] => "application/json",
            [(byte)'{', ..] => "application/x-ndjson",
            [(byte)'<', ..] => "application/xml",
            _ => "text/csv",
        };
    }

    /// <summary>True for text that needs no more than its beginning to be shown: it is neither packed nor encrypted, and its format has no index at its end.</summary>
    public static bool IsPlainText(string contentType, ReadOnlySpan<byte> head) =>
        contentType is not (Parquet or Avro) && !head.Contains((byte)0) && !FilesLibrary.IsPacked(head);
}
