using System.Text.RegularExpressions;
using Platform.Campaigns.Connections;
using Platform.ServiceDefaults;

namespace Platform.Campaigns.Responses;

/// <summary>What must hold for the import of response files; every problem at once.</summary>
internal static partial class ResponseCheck
{
    private static readonly string[] Encodings = ["utf-8", "utf-16", "utf-16le", "utf-16be", "iso-8859-1", "windows-1252"];

    public static List<FieldProblem> Check(ResponseImportSettings settings, Connection connection)
    {
        var problems = new List<FieldProblem>();
        void Problem(string path, string text) => problems.Add(new(path, text));
        if (settings.TimeZone is { } zone && (!TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) || !found.HasIanaId))
        {
            Problem("$.timeZone", "This is no IANA time zone; expected for example Europe/Berlin, or nothing for the connection's.");
        }

        if (settings.LookBackDays is < 1 or > 366)
        {
            Problem("$.lookBackDays", "Expected 1 to 366 days; the partner keeps files for 30.");
        }

        if (settings.MaxRejectedPercent is < 0 or > 100)
        {
            Problem("$.maxRejectedPercent", "Expected a percentage from 0 to 100.");
        }

        if (settings.SettleSeconds is < 0 or > 3600)
        {
            Problem("$.settleSeconds", "Expected 0 to 3600 seconds.");
        }

        if (settings.Separator is not (null or "t" or [> ' ' and < '\u007f' and not '"'] or "\t"))
        {
            Problem("$.separator", "Expected one ASCII character, such as ; or t for a tab, or nothing to have it found out.");
        }

        if (settings.Encoding is { } encoding && !Encodings.Contains(encoding, StringComparer.OrdinalIgnoreCase))
        {
            Problem("$.encoding", $"Expected one of {string.Join(", ", Encodings)}, or nothing for UTF-8 and byte order marks.");
        }

        CheckNames(settings.Files, Problem);
        if (connection.Settings.CredentialId.Length == 0)
        {
            Problem("$", "The connection has no credential of its own, by which the response files are fetched. Set its $.settings.credentialId with PUT /api/campaigns/connections/{id}.");
        }

        if (!SourceName().IsMatch(connection.Settings.ResponseSource))
        {
            Problem("$", "The connection's $.settings.responseSource cannot be part of a table's name: allowed are letters, digits, spaces inside, and _ - . & ( ), beginning with a letter or digit.");
        }

        return problems;
    }

    private static void CheckNames(ResponseFileNames names, Action<string, string> problem)
    {
        var patterns = new Dictionary<string, ResponseKind>(StringComparer.Ordinal);
        foreach (var kind in Enum.GetValues<ResponseKind>())
        {
            var name = names.Of(kind);
            if (ResponsePattern.Problem(name) is { } wrong)
            {
                problem($"$.files.{ResponseFiles.Word(kind)}", wrong);
            }
            else if (!patterns.TryAdd(ResponsePattern.Of(name), kind))
            {
                problem($"$.files.{ResponseFiles.Word(kind)}", $"This is the name of the file of {ResponseFiles.Word(patterns[ResponsePattern.Of(name)])} as well; each kind has its own.");
            }
        }
    }

    [GeneratedRegex(@"^[\p{L}\p{Nd}]([\p{L}\p{Nd} _\-.&()]*[\p{L}\p{Nd}_\-.&()])?\z")]
    private static partial Regex SourceName();
}
