using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Feeds.Definitions;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>One load of a feed: how it went, or how far it is.</summary>
public sealed record LoadView
{
    /// <summary><c>ld-…</c></summary>
    public required string Id { get; init; }

    /// <summary>Order among the loads; what stands in <c>_load_id</c> of the rows it changed.</summary>
    public required long LoadSeq { get; init; }

    /// <summary>The feed.</summary>
    public required string FeedId { get; init; }

    /// <summary>The courier run it belongs to; absent for a sample.</summary>
    public string? RunId { get; init; }

    /// <summary>True when the load replaced the table's rows.</summary>
    public required bool Truncate { get; init; }

    /// <summary>File tags that were loaded.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>queued, running, held, loaded, failed or cancelled.</summary>
    public required LoadState State { get; init; }

    /// <summary>waiting, reading, merging, committing, held or done.</summary>
    public required string Phase { get; init; }

    /// <summary>Counts the attempts.</summary>
    public required int Attempt { get; init; }

    /// <summary>merge or swap.</summary>
    public string? Strategy { get; init; }

    /// <summary>Why that one.</summary>
    public string? StrategyReason { get; init; }

    /// <summary>What kind of failure.</summary>
    public FailureCategory? Failure { get; init; }

    /// <summary>Why it failed, is held, or is tried again.</summary>
    public string? Reason { get; init; }

    /// <summary>How the files' columns differed from the feed's fields, and what was done about it.</summary>
    public required IReadOnlyList<DriftNote> Drift { get; init; }

    /// <summary>Files of the load.</summary>
    public required int Files { get; init; }

    /// <summary>Where the rows went.</summary>
    public required RowCounts Rows { get; init; }

    /// <summary>Stored rows that a truncate removed and no file brought back.</summary>
    public required long Removed { get; init; }

    /// <summary>Rows of the table after the load.</summary>
    public long? TableRows { get; init; }

    /// <summary>Seconds per step, in the order they ran.</summary>
    public required IReadOnlyDictionary<string, double> Seconds { get; init; }

    /// <summary>UTC.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>UTC.</summary>
    public DateTimeOffset? EndedAt { get; init; }

    /// <summary>The domain table.</summary>
    public required string DomainTable { get; init; }

    internal static LoadView Of(Load load, string domainTable) => new()
    {
        Id = load.Id,
        LoadSeq = load.LoadSeq,
        FeedId = load.FeedId,
        DomainTable = domainTable,
        RunId = load.RunId,
        Truncate = load.Truncate,
        Tags = load.Tags,
        State = load.State,
        Phase = load.Phase,
        Attempt = load.Attempt,
        Strategy = load.Strategy,
        StrategyReason = load.StrategyReason,
        Failure = load.Failure,
        Reason = load.Reason,
        Drift = load.Drift,
        Files = load.Files,
        Rows = new()
        {
            Read = load.Read,
            Inserted = load.Inserted,
            Updated = load.Updated,
            Unchanged = load.Unchanged,
            Superseded = load.Superseded,
            Rejected = load.Rejected,
        },
        Removed = load.Removed,
        TableRows = load.TableRows,
        Seconds = load.Seconds,
        CreatedAt = load.CreatedAt,
        StartedAt = load.StartedAt,
        EndedAt = load.EndedAt,
    };
}

/// <summary>A file of a load.</summary>
/// <param name="FileNo">What stands in <c>_file_id</c> of its rows.</param>
/// <param name="FileId">The landed file.</param>
/// <param name="FileName">Its name.</param>
/// <param name="Source">Where it came from.</param>
/// <param name="FileDate">The day it belongs to.</param>
/// <param name="Read">Rows in the file; absent while the load has not read it.</param>
/// <param name="Rejected">Rows of these that were rejected.</param>
/// <param name="UnknownColumns">Columns the feed does not know (F12).</param>
/// <param name="Previous">The file before it, when only what changed since was loaded (an import with diff).</param>
/// <param name="Known">Rows that the file before it has too: passed over, and not among those read.</param>
public sealed record LoadFileView(long FileNo, string FileId, string FileName, string Source, DateOnly? FileDate, long? Read, long? Rejected, IReadOnlyList<string> UnknownColumns, string? Previous, long? Known);

/// <summary>One bad value of a rejected row.</summary>
/// <param name="FileId">The landed file.</param>
/// <param name="FileName">Its name.</param>
/// <param name="RowNo">The row's number in the file, from 1.</param>
/// <param name="Field">The field.</param>
/// <param name="Value">The value as it stood in the file, cut after 200 characters; absent when there was none.</param>
/// <param name="Reason">What was expected.</param>
public sealed record RejectedRowView(string FileId, string FileName, long RowNo, string Field, string? Value, string Reason);

internal static class LoadEndpoints
{
    public static void MapLoadEndpoints(this IEndpointRouteBuilder app)
    {
        var loads = app.MapGroup("/api/loads").WithTags("loads").RequireAuthorization(Roles.Viewer);
        loads.MapGet("/{id}", GetAsync).WithName("GetLoad").WithSummary("Get a load: state, counts, strategy, seconds per step");
        loads.MapGet("/{id}/files", FilesAsync).WithName("ListLoadFiles").WithSummary("Files of a load in load order, with their rows");
        loads.MapGet("/{id}/rejected-rows", RejectedAsync).WithName("ListRejectedRows").WithSummary("Rejected rows of a load, with field, value and reason; of one file with fileId");
        loads.MapGet("/{id}/rejected-rows.csv", RejectedCsvAsync).WithName("DownloadRejectedRows").WithSummary("The same as a CSV file").Produces(200, contentType: "text/csv");
        app.MapGet("/api/feeds/{id}/rejected-rows.csv", FeedRejectedCsvAsync).WithName("DownloadFeedRejectedRows").WithTags("feeds").RequireAuthorization(Roles.Viewer)
            .WithSummary("The rejected rows of all loads of a feed as a CSV file, newest load first").Produces(200, contentType: "text/csv");
    }

    private static async Task<Results<Ok<LoadView>, ProblemHttpResult>> GetAsync(string id, FeedsDbContext database, CancellationToken cancellationToken)
    {
        var found = await (from load in database.Loads.AsNoTracking()
                           join feed in database.Feeds on load.FeedId equals feed.Id
                           where load.Id == id
                           select new { load, feed.DomainTable }).FirstOrDefaultAsync(cancellationToken);
        return found is null ? Unknown(id).ToResult() : TypedResults.Ok(LoadView.Of(found.load, found.DomainTable));
    }

    private static async Task<Results<Ok<Page<LoadFileView>>, ProblemHttpResult>> FilesAsync(
        string id, FeedsDbContext database, CancellationToken cancellationToken, int limit = 50, string? after = null)
    {
        var (refusal, cursor) = await CheckAsync(id, limit, after, database, cancellationToken);
        if (refusal is not null)
        {
            return refusal.ToResult();
        }

        var files = await database.LoadFiles.AsNoTracking().Where(file => file.LoadId == id && file.FileNo > cursor).OrderBy(file => file.FileNo).Take(limit + 1).ToListAsync(cancellationToken);
        var views = files.Select(file => new LoadFileView(
            file.FileNo, file.FileId, file.FileName, file.Source, file.FileDate, file.Read, file.Rejected, file.UnknownColumns, file.Previous?.Source, file.Previous is null ? null : file.Known));
        return TypedResults.Ok(Page<LoadFileView>.From([.. views], limit, file => Cursor(file.FileNo)));
    }

    private static async Task<Results<Ok<Page<RejectedRowView>>, ProblemHttpResult>> RejectedAsync(
        string id, FeedsDbContext database, CancellationToken cancellationToken, string? fileId = null, int limit = 50, string? after = null)
    {
        var (refusal, cursor) = await CheckAsync(id, limit, after, database, cancellationToken);
        if (refusal is not null)
        {
            return refusal.ToResult();
        }

        var values = await Rejected(database, id, fileId).Where(value => value.Id > cursor).OrderBy(value => value.Id).Take(limit + 1).ToListAsync(cancellationToken);
        var next = values.Count > limit ? Cursor(values[limit - 1].Id) : null;
        return TypedResults.Ok(new Page<RejectedRowView>([.. values.Take(limit).Select(value => value.View)], next));
    }

    private static async Task<Results<PushStreamHttpResult, ProblemHttpResult>> RejectedCsvAsync(
        string id, FeedsDbContext database, CancellationToken cancellationToken, string? fileId = null)
    {
        if (!await database.Loads.AnyAsync(load => load.Id == id, cancellationToken))
        {
            return Unknown(id).ToResult();
        }

        var values = Rejected(database, id, fileId).OrderBy(value => value.Id).AsAsyncEnumerable();
        return TypedResults.Stream(async body =>
        {
            await using var writer = new StreamWriter(body, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\r\n" };
            await writer.WriteLineAsync("file,row,field,value,reason");
            await foreach (var (_, row) in values.WithCancellation(cancellationToken))
            {
                await writer.WriteLineAsync($"{Csv(row.FileName)},{row.RowNo.ToString(CultureInfo.InvariantCulture)},{Csv(row.Field)},{Csv(row.Value)},{Csv(row.Reason)}");
            }
        }, "text/csv; charset=utf-8", $"rejected-rows-{fileId ?? id}.csv");
    }

    private static async Task<Results<PushStreamHttpResult, ProblemHttpResult>> FeedRejectedCsvAsync(string id, FeedsDbContext database, CancellationToken cancellationToken)
    {
        if (!await database.Feeds.AnyAsync(feed => feed.Id == id, cancellationToken))
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        var values = (from value in database.RejectedValues.AsNoTracking()
                      join file in database.LoadFiles on value.FileNo equals file.FileNo
                      join load in database.Loads on value.LoadId equals load.Id
                      where load.FeedId == id
                      orderby load.LoadSeq descending, value.Id
                      select new { load.Id, load.RunId, load.EndedAt, file.FileName, value.RowNo, value.Field, value.Value, value.Reason }).AsAsyncEnumerable();
        return TypedResults.Stream(async body =>
        {
            await using var writer = new StreamWriter(body, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\r\n" };
            await writer.WriteLineAsync("load,run,ended,file,row,field,value,reason");
            await foreach (var row in values.WithCancellation(cancellationToken))
            {
                await writer.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                    $"{row.Id},{row.RunId},{row.EndedAt?.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ},{Csv(row.FileName)},{row.RowNo},{Csv(row.Field)},{Csv(row.Value)},{Csv(row.Reason)}"));
            }
        }, "text/csv; charset=utf-8", $"rejected-rows-{id}.csv");
    }

    private static IQueryable<NumberedRejectedRow> Rejected(FeedsDbContext database, string loadId, string? fileId) =>
        from value in database.RejectedValues.AsNoTracking()
        join file in database.LoadFiles on value.FileNo equals file.FileNo
        where value.LoadId == loadId && (fileId == null || file.FileId == fileId)
        select new NumberedRejectedRow { Id = value.Id, View = new RejectedRowView(file.FileId, file.FileName, value.RowNo, value.Field, value.Value, value.Reason) };

    private static async Task<(Refusal? Refusal, long After)> CheckAsync(string id, int limit, string? after, FeedsDbContext database, CancellationToken cancellationToken)
    {
        long cursor = 0;
        if (Paging.Check(limit) is { } refusal)
        {
            return (refusal, 0);
        }

        if (after is not null && !long.TryParse(after, CultureInfo.InvariantCulture, out cursor))
        {
            return (Refusal.Invalid("The list cannot be given", [new("$.after", "This is no cursor of this list. Use the 'next' of the page before, or leave it out.")]), 0);
        }

        return await database.Loads.AnyAsync(load => load.Id == id, cancellationToken) ? (null, cursor) : (Unknown(id), 0);
    }

    internal static Refusal Unknown(string id) => Refusal.NotFound("load", id, "GET /api/domain-tables/{name}/loads lists the loads of a table.");

    private static string Cursor(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Csv(string? text) =>
        text is null ? "" : text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private sealed record NumberedRejectedRow
    {
        public required long Id { get; init; }

        public required RejectedRowView View { get; init; }

        public void Deconstruct(out long id, out RejectedRowView view) => (id, view) = (Id, View);
    }
}
