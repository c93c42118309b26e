using System.Text.Json;
using Platform.Testing;

namespace Platform.Scheduler.Tests.Cron;

/// <summary>The rows of <c>Data/</c>; its README says where they come from.</summary>
internal static class CronSuite
{
    public static IEnumerable<NextRow> NextOccurrences(string file = "next-occurrence.json") => Read(file).Select(row => new NextRow(
        row.GetProperty("group").GetString()!,
        row.GetProperty("expression").GetString()!,
        row.GetProperty("fields").ToString(),
        row.GetProperty("zone").GetString()!,
        row.GetProperty("from").GetDateTimeOffset(),
        row.GetProperty("inclusive").GetBoolean(),
        row.GetProperty("next") is { ValueKind: JsonValueKind.String } next ? next.GetDateTimeOffset() : null));

    public static IEnumerable<(string Expression, int Fields, string Says)> Refused() =>
        Read("invalid.json").Select(row => (row.GetProperty("expression").GetString()!, row.GetProperty("fields").GetInt32(), row.GetProperty("message_contains").GetString()!));

    /// <summary>A six-field row whose seconds are 0 says the same in five fields; null when the seconds matter.</summary>
    public static string? InFiveFields(NextRow row)
    {
        if (row.Fields is "5" or "macro")
        {
            return row.Expression;
        }

        var fields = row.Expression.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields[0] is "0" or "00" ? string.Join(' ', fields[1..]) : null;
    }

    private static IEnumerable<JsonElement> Read(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Repository.PathOf("tests", "Platform.Scheduler.Tests", "Cron", "Data", file)));
        return [.. json.RootElement.EnumerateArray().Select(row => row.Clone())];
    }

    internal sealed record NextRow(string Group, string Expression, string Fields, string Zone, DateTimeOffset From, bool Inclusive, DateTimeOffset? Next);
}
