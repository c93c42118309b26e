using Platform.Campaigns.Clients;

namespace Platform.Campaigns.Responses;

/// <summary>One import. `nothingCame` of a daily one: none of the eight files came since the daily import before.</summary>
internal sealed record ResponseRunView(string RunId, ResponseRunState State, string? Message, int? Files, bool NothingCame, bool Force, DateTimeOffset RequestedAt, string RequestedBy, DateTimeOffset? EndedAt)
{
    public static ResponseRunView Of(ResponseRun run) => new(run.Id, run.State, run.Message, run.Files, run.NothingCame, run.Force, run.RequestedAt, run.RequestedBy, run.EndedAt);
}

/// <summary>One file that was imported, or could not be.</summary>
/// <remarks><c>state</c> is that of its newest load: queued, running, loaded, failed or cancelled; <c>reason</c> says why it failed.</remarks>
/// <remarks><c>late</c>: files of a later date were imported before it.</remarks>
/// <remarks><c>imports</c>: How often it was imported: a file that was re-written is imported again.</remarks>
internal sealed record ResponseFileImport(
    string FileName, DateOnly? Date, long Size, string State, string? Reason, long? Read, long? Rejected, DateTimeOffset? ImportedAt, bool Late, int Imports, string LoadId);

/// <summary>What became of one kind of file within the look-back.</summary>
/// <remarks><c>missingDays</c>: Days of which other files came and this one did not.</remarks>
/// <remarks><c>extraColumns</c>: Columns of the files that are not documented; they are kept in the table under these names.</remarks>
/// <remarks><c>rejectedRows</c>: Malformed rows of the files below; GET /api/loads/{id}/rejected-rows lists them with their reasons.</remarks>
internal sealed record ResponseKindView(
    ResponseKind Kind, string File, string FeedId, string? Table, long Rows, DateOnly? Newest, IReadOnlyList<DateOnly> MissingDays, long RejectedRows, IReadOnlyList<string> ExtraColumns,
    IReadOnlyList<ResponseFileImport> Files);

/// <summary>How often other systems were told (L9): each recipient and mailing once.</summary>
internal sealed record ToldFacts(long Bounced, long Unsubscribed);

/// <summary>The import of a connection's response files: settings, what was set up for it, the last imports, and what became of the files.</summary>
/// <remarks><c>fault</c>: Why it does not get on at present; absent when it does.</remarks>
/// <remarks><c>emptyDays</c>: Days between the oldest and the newest file of which none of the eight came.</remarks>
internal sealed record ResponseImportView(
    string ConnectionId, ResponseImportSettings Settings, string TimeZone, string Source, string CourierId, string? Fault, ToldFacts Told, IReadOnlyList<ResponseRunView> Imports,
    IReadOnlyList<DateOnly> EmptyDays, IReadOnlyList<ResponseKindView> Kinds, DateTimeOffset UpdatedAt, string UpdatedBy);

/// <summary>Puts together, from the files of the feeds' loads, what came, what is missing, what was late.</summary>
internal static class ResponseState
{
    public static IReadOnlyList<ResponseKindView> Of(ResponseImport import, IReadOnlyList<FeedWithFiles> feeds)
    {
        var byId = feeds.ToDictionary(feed => feed.Id, StringComparer.Ordinal);
        var loaded = feeds.SelectMany(feed => feed.Files).Where(file => file is { IsLoaded: true, FileDate: not null, EndedAt: not null }).ToList();
        var first = loaded.GroupBy(file => file.FileDate!.Value).OrderByDescending(day => day.Key).Select(day => (Day: day.Key, At: day.Min(file => file.EndedAt!.Value))).ToList();
        var days = first.ConvertAll(day => day.Day);
        return [.. ResponseFiles.All.Select(file => KindOf(import, file, byId.GetValueOrDefault(import.Feeds[file.Kind]), first, days))];
    }

    public static IReadOnlyList<DateOnly> EmptyDays(IReadOnlyList<FeedWithFiles> feeds)
    {
        var days = feeds.SelectMany(feed => feed.Files).Where(file => file.IsLoaded).Select(file => file.FileDate).OfType<DateOnly>().ToHashSet();
        return days.Count == 0 ? [] : [.. Enumerable.Range(0, days.Max().DayNumber - days.Min().DayNumber).Select(offset => days.Min().AddDays(offset)).Where(day => !days.Contains(day))];
    }

    private static ResponseKindView KindOf(ResponseImport import, ResponseFile documented, FeedWithFiles? feed, List<(DateOnly Day, DateTimeOffset At)> first, List<DateOnly> days)
    {
        var known = documented.Columns.Select(column => column.Field).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var files = (feed?.Files ?? []).GroupBy(file => file.FileName, StringComparer.Ordinal).Select(loads => FileOf([.. loads], first)).OrderByDescending(file => file.Date).ThenByDescending(file => file.FileName, StringComparer.Ordinal).ToList();
        var there = files.Where(file => file.ImportedAt is not null).Select(file => file.Date).OfType<DateOnly>().ToHashSet();
        return new(
            documented.Kind, import.Settings.Files.Of(documented.Kind), import.Feeds[documented.Kind], feed?.DomainTable, feed?.Rows ?? 0, there.Count == 0 ? null : there.Max(),
            [.. days.Where(day => !there.Contains(day)).Order()], files.Sum(file => file.Rejected ?? 0), [.. (feed?.Fields ?? []).Where(field => !known.Contains(field.Name)).Select(field => field.Name)], files);
    }

    private static ResponseFileImport FileOf(List<LoadedFile> loads, List<(DateOnly Day, DateTimeOffset At)> first)
    {
        // Newest first.
        var newest = loads[0];
        var done = loads.FindAll(load => load.IsLoaded);
        var shown = done.FirstOrDefault() ?? newest;
        var began = done.LastOrDefault()?.EndedAt;
        var late = newest.FileDate is { } date && began is { } at && first.Any(day => day.Day > date && day.At < at);
        return new(newest.FileName, newest.FileDate, newest.Size, newest.State, newest.IsLoaded ? null : newest.Reason, shown.Read, shown.Rejected, done.FirstOrDefault()?.EndedAt, late, done.Count, newest.LoadId);
    }
}
