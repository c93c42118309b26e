namespace Platform.Campaigns.Responses;

/// <summary>File names with a date in them, as couriers look for them.</summary>
internal static class ResponsePattern
{
    private const string DocumentedDate = "YYYYMMDD";

    /// <summary>The courier's pattern of <paramref name="name"/>: the date unquoted, everything else as it stands.</summary>
    public static string Of(string name) =>
        string.Join("yyyyMMdd", Normal(name).Split("{DATE}").Select(part => part.Length == 0 ? "" : $"'{part.Replace("'", "''", StringComparison.Ordinal)}'"));

    /// <summary>What is wrong with the name; null when nothing is.</summary>
    public static string? Problem(string name) =>
        name.Length is 0 or > 200 || name.Contains('/') || name.Any(char.IsControl) ? "Expected a file name of 1 to 200 characters without '/'."
        : Normal(name).Split("{DATE}").Length != 2 ? "Expected a file name with {DATE} in it once, for example {DATE}_opens.csv; the date tells days that are missing from days that are late."
        : null;

    private static string Normal(string name) => name.Replace(DocumentedDate, "{DATE}", StringComparison.Ordinal);
}
