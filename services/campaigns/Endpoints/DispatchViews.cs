using System.Text.Json;
using Platform.Campaigns.Dispatches;
using Platform.Contracts.Campaigns;

namespace Platform.Campaigns.Endpoints;

/// <summary>
/// A dispatch to be made. Recipients come from <paramref name="Recipients"/>, or from <paramref name="Query"/>, or, when neither is given, from a file that is sent afterwards with
/// PUT …/recipients.
/// </summary>
/// <param name="ListId">The recipient list; its newest version that both sides have confirmed is used.</param>
/// <param name="SourceMailingId">Id of the source mailing (BROADMAIL_ID), made in Smart Campaigns.</param>
/// <param name="WaveId">The selection wave; nobody is written to twice in one wave of a source mailing.</param>
/// <param name="Test">A test dispatch: the same to the partner, apart in every report, and repeatable.</param>
/// <param name="InvalidRows">What happens when rows have problems: nothing is sent (refuse), or they are left out (skip).</param>
/// <param name="Recipients">One object a recipient, with the list's field names; source mailing and wave are filled in.</param>
/// <param name="Query">One SELECT over domain tables whose columns have the list's field names.</param>
/// <param name="Send">Send as soon as the recipients are valid; otherwise POST …/send gives the word.</param>
/// <param name="ScheduledAt">Not before this time.</param>
internal sealed record DispatchInput(
    string ListId, long SourceMailingId, long? WaveId, bool Test, InvalidRows? InvalidRows, IReadOnlyList<Dictionary<string, JsonElement>>? Recipients, string? Query, bool Send,
    DateTimeOffset? ScheduledAt);

/// <summary>The word to send.</summary>
/// <param name="ScheduledAt">Not before this time; left out, at once.</param>
internal sealed record SendInput(DateTimeOffset? ScheduledAt);

/// <summary>A mailing sent once more, to those whose mail bounced softly.</summary>
/// <param name="SourceMailingId">Another source mailing than the origin's; left out, the same.</param>
/// <param name="Send">Send as soon as the recipients are found; otherwise POST …/send gives the word.</param>
/// <param name="ScheduledAt">Not before this time.</param>
internal sealed record ResendInput(long? SourceMailingId, bool Send, DateTimeOffset? ScheduledAt);

/// <summary>One file of a dispatch.</summary>
/// <remarks><c>path</c>: Where it lies on the partner's server; absent before its upload.</remarks>
internal sealed record DispatchFileView(DispatchFileKind Kind, DispatchFileState State, long Size, string Sha256, string? Path);

/// <summary>A state the dispatch was in.</summary>
internal sealed record DispatchEventView(DispatchState State, string? Message, DateTimeOffset At);

/// <summary>A dispatch as the API shows it.</summary>
/// <remarks><c>rowsInvalid</c>: Rows with problems; the first thousand problems are at …/problems.</remarks>
/// <remarks><c>mailingId</c>: The mailing the partner made of it, as its log file says.</remarks>
internal sealed record DispatchView(
    string Id, string ConnectionId, string ListId, int ListVersion, long SourceMailingId, long? WaveId, bool Test, string? OriginId, DispatchState State, string? Message, bool SendRequested,
    DateTimeOffset? ScheduledAt, long RowsRead, long RowsWritten, long RowsInvalid, IReadOnlyList<string> Warnings, string? Stamp, long? MailingId, IReadOnlyList<DispatchFileView> Files,
    IReadOnlyList<DispatchEventView> History, DateTimeOffset CreatedAt, string CreatedBy, DateTimeOffset? UploadedAt, DateTimeOffset ChangedAt)
{
    public static DispatchView Of(Dispatch row, IEnumerable<DispatchFile> files, IEnumerable<DispatchEvent> history) => new(
        row.Id, row.ConnectionId, row.ListId, row.ListVersion, row.SourceMailingId, row.WaveId, row.Test, row.OriginId, row.State, row.Message, row.SendRequested, row.ScheduledAt, row.RowsRead,
        row.RowsWritten, row.RowsInvalid, row.Warnings, row.Stamp, row.MailingId,
        [.. files.OrderBy(file => file.Kind).Select(file => new DispatchFileView(file.Kind, file.State, file.Size, file.Sha256, file.State is DispatchFileState.Prepared ? null : file.Path))],
        [.. history.OrderBy(change => change.No).Select(change => new DispatchEventView(change.State, change.Message, change.At))], row.CreatedAt, row.CreatedBy, row.UploadedAt, row.ChangedAt);
}
