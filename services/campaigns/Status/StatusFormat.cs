using Platform.Contracts.Campaigns;

namespace Platform.Campaigns.Status;

/// <summary>
/// How the partner's log and error files look (L6). Nothing public says it, and it is agreed at set-up: so all of it can be set. A log file tells the states of one recipient file,
/// one a row, and may grow; an error file tells that import or start failed.
/// </summary>
internal sealed record StatusFormat
{
    /// <summary>Name of the log file of a recipient file; <c>{NAME}</c> is that file's name without <c>.csv</c>.</summary>
    public string LogFile { get; init; } = "{NAME}.log";

    /// <summary>Name of the error file of a recipient file.</summary>
    public string ErrorFile { get; init; } = "{NAME}.err";

    /// <summary>Between the columns.</summary>
    public string Separator { get; init; } = ";";

    /// <summary>Names of the columns in the order of the file, used where it has no header row that names them.</summary>
    public IReadOnlyList<string> Columns { get; init; } = ["time", "state", "mailingId", "message"];

    /// <summary>The first row names the columns.</summary>
    public bool HeaderRow { get; init; } = true;

    /// <summary>The column that holds the state.</summary>
    public string StateColumn { get; init; } = "state";

    /// <summary>The column with the id of the mailing that was made; empty when there is none.</summary>
    public string MailingIdColumn { get; init; } = "mailingId";

    /// <summary>The column with a text for people.</summary>
    public string MessageColumn { get; init; } = "message";

    /// <summary>The partner's words, in lower case, and the state each means. Other words are kept as messages and change nothing.</summary>
    public IReadOnlyDictionary<string, DispatchState> States { get; init; } = new Dictionary<string, DispatchState>
    {
        ["imported"] = DispatchState.Imported,
        ["sending"] = DispatchState.Sending,
        ["started"] = DispatchState.Sending,
        ["sent"] = DispatchState.Sent,
        ["finished"] = DispatchState.Sent,
        ["import-failed"] = DispatchState.ImportFailed,
        ["start-failed"] = DispatchState.StartFailed,
    };
}
