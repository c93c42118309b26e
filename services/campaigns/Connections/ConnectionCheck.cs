using Platform.Campaigns.Status;
using Platform.Contracts.Campaigns;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Campaigns.Connections;

/// <summary>What must hold for a connection's settings; every problem at once.</summary>
internal static class ConnectionCheck
{
    private static readonly HashSet<DispatchState> Reportable = [DispatchState.Imported, DispatchState.Sending, DispatchState.Sent, DispatchState.ImportFailed, DispatchState.StartFailed];

    public static List<FieldProblem> Check(string name, CampaignConnectionSettings settings, AddressGuard guard)
    {
        var problems = new List<FieldProblem>();
        void Problem(string path, string text) => problems.Add(new(path, text));
        if (name.Trim().Length is 0 or > 200)
        {
            Problem("$.name", "Expected a name of 1 to 200 characters.");
        }

        if (Uri.CheckHostName(settings.Host) == UriHostNameType.Unknown)
        {
            Problem("$.settings.host", "Expected the name or address of the SFTP server, without sftp:// and port.");
        }
        else if (guard.WhyRefused(settings.Host) is { } reason)
        {
            Problem("$.settings.host", reason);
        }

        if (settings.Port is < 1 or > 65535)
        {
            Problem("$.settings.port", "Expected a port from 1 to 65535.");
        }

        if (settings.CredentialId.Length == 0 && (settings.Clients.Count == 0 || settings.Clients.Any(client => client.CredentialId is null)))
        {
            Problem("$.settings.credentialId", "Expected the id of a credential of type sftp; GET /api/credentials lists them.");
        }

        if (!TimeZoneInfo.TryFindSystemTimeZoneById(settings.TimeZone, out _))
        {
            Problem("$.settings.timeZone", $"'{settings.TimeZone}' is no IANA time zone; expected for example Europe/Berlin.");
        }

        if (settings.CheckIntervalSeconds is < 1 or > 86_400)
        {
            Problem("$.settings.checkIntervalSeconds", "Expected 1 to 86400 seconds.");
        }

        if (settings.ResponseSource.Trim().Length is 0 or > 40 || settings.ResponseSource.Any(char.IsControl) || settings.ResponseSource.Contains(':'))
        {
            Problem("$.settings.responseSource", "Expected the source of the response feeds, 1 to 40 characters without a colon.");
        }

        CheckDirectory(settings.RecipientDirectory, "$.settings.recipientDirectory", Problem);
        CheckDirectory(settings.ResponseDirectory, "$.settings.responseDirectory", Problem);
        CheckDirectory(settings.LogDirectory, "$.settings.logDirectory", Problem);
        CheckDirectory(settings.ErrorDirectory, "$.settings.errorDirectory", Problem);
        CheckFileName(settings.SubscribersFile, "{STAMP}", "$.settings.subscribersFile", Problem);
        CheckFileName(settings.ProductsFile, "{STAMP}", "$.settings.productsFile", Problem);
        CheckFileName(settings.RecommendationsFile, "{STAMP}", "$.settings.recommendationsFile", Problem);
        if (new[] { settings.SubscribersFile, settings.ProductsFile, settings.RecommendationsFile }.Distinct(StringComparer.Ordinal).Count() < 3)
        {
            Problem("$.settings.productsFile", "The files of recipients, products and recommendations must differ in their names.");
        }

        if (settings.TemporarySuffix is not ['.', _, ..] || settings.TemporarySuffix.Contains('/'))
        {
            Problem("$.settings.temporarySuffix", "Expected a suffix that begins with a point, such as .tmp.");
        }

        CheckClients(settings.Clients, Problem);
        CheckStatus(settings.Status, Problem);
        return problems;
    }

    private static void CheckClients(IReadOnlyList<ClientSettings> clients, Action<string, string> problem)
    {
        for (var i = 0; i < clients.Count; i++)
        {
            var client = clients[i];
            if (client.Name.Trim().Length == 0 || clients.Take(i).Any(other => other.Name == client.Name))
            {
                problem($"$.settings.clients[{i}].name", "Expected a name that no other client has.");
            }

            if (client.Directory is null && client.CredentialId is null)
            {
                problem($"$.settings.clients[{i}]", "Expected a sub-directory or a credential of its own: one recipient file is meant for one client and directory.");
            }

            if (client.Directory is { } directory)
            {
                CheckDirectory(directory, $"$.settings.clients[{i}].directory", problem);
            }
        }
    }

    private static void CheckStatus(StatusFormat status, Action<string, string> problem)
    {
        CheckFileName(status.LogFile, "{NAME}", "$.settings.status.logFile", problem);
        CheckFileName(status.ErrorFile, "{NAME}", "$.settings.status.errorFile", problem);
        if (status.LogFile == status.ErrorFile)
        {
            problem("$.settings.status.errorFile", "Log and error file must differ in their names.");
        }

        if (status.Separator.Length != 1 || status.Separator[0] > 127)
        {
            problem("$.settings.status.separator", "Expected one ASCII character.");
        }

        if (!status.HeaderRow && !status.Columns.Contains(status.StateColumn))
        {
            problem("$.settings.status.columns", $"Without a header row the columns must name '{status.StateColumn}'.");
        }

        foreach (var (word, state) in status.States.Where(pair => !Reportable.Contains(pair.Value)))
        {
            problem($"$.settings.status.states['{word}']", $"{state} is not for the partner to report; possible are imported, sending, sent, import-failed and start-failed.");
        }
    }

    private static void CheckDirectory(string directory, string path, Action<string, string> problem)
    {
        if (directory.Length == 0 || directory.Contains('\0') || directory.Split('/').Contains(".."))
        {
            problem(path, "Expected a directory without '..', for example in/recipients, or . for the account's own.");
        }
    }

    private static void CheckFileName(string name, string placeholder, string path, Action<string, string> problem)
    {
        if (!name.Contains(placeholder, StringComparison.Ordinal) || name.Contains('/') || name.Any(char.IsControl))
        {
            problem(path, $"Expected a file name with {placeholder} in it.");
        }
    }
}
