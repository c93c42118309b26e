using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Recipients;
using Platform.Contracts.Campaigns;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Endpoints;

/// <summary>The files of a dispatch as bodies of requests and answers: streamed, never held whole.</summary>
internal static class DispatchFileEndpoints
{
    private const long LargestFile = 4L * 1024 * 1024 * 1024;
    private const string Csv = "text/csv";

    public static void MapDispatchFiles(this WebApplication app)
    {
        var files = app.MapGroup("/api/campaigns/dispatches/{id}").RequireAuthorization(Roles.Viewer).WithTags("campaign dispatches");
        files.MapPut("/recipients", TakeRecipients).RequireAuthorization(Roles.Operator).WithName("PutDispatchRecipients").Accepts<string>(Csv)
            .WithMetadata(new RequestSizeLimitAttribute(LargestFile))
            .WithSummary("Recipients of a draft as CSV (UTF-8): with a header row columns go to the fields of their names; without one each row has the list's fields in order");
        files.MapPut("/products", TakeProducts).RequireAuthorization(Roles.Operator).WithName("PutDispatchProducts").Accepts<string>(Csv)
            .WithMetadata(new RequestSizeLimitAttribute(LargestFile)).WithSummary("The products file of a draft, sent as it is before the recipients: header row, product id first");
        files.MapPut("/recommendations", TakeRecommendations).RequireAuthorization(Roles.Operator).WithName("PutDispatchRecommendations").Accepts<string>(Csv)
            .WithMetadata(new RequestSizeLimitAttribute(LargestFile)).WithSummary("The recommendations file of a draft, sent as it is before the recipients");
        files.MapGet("/files/{kind}", Read).WithName("GetDispatchFile").RequireAuthorization(Roles.Operator).Produces<string>(StatusCodes.Status200OK, Csv)
            .WithSummary("A file of the dispatch, byte for byte as it is sent");
    }

    private static async Task<Results<Ok<DispatchView>, ProblemHttpResult>> TakeRecipients(
        string id, HttpRequest request, CampaignsDbContext context, Intake intake, DispatchSignal signal, CancellationToken cancellationToken, bool header = true, string separator = ";")
    {
        var dispatch = await context.Dispatches.SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (dispatch is null || Refuse(dispatch, request) is not null)
        {
            return (dispatch is null ? DispatchEndpoints.Unknown(id) : Refuse(dispatch, request)!).ToResult();
        }

        if (separator is not [> ' ' and < (char)127 and not '"'] and not ['\t'])
        {
            return Refusal.Invalid("The query", [new("separator", "Expected one ASCII character other than a quotation mark.")]).ToResult();
        }

        var fields = (await context.ListVersions.AsNoTracking().SingleAsync(row => row.ListId == dispatch.ListId && row.Version == dispatch.ListVersion, cancellationToken)).Fields;
        try
        {
            var source = await CsvSource.OpenAsync(request.Body, separator[0], header, fields, cancellationToken);
            await intake.TakeAsync(dispatch, source, transaction => DraftLock.TakeAsync(transaction, id, cancellationToken), _ => Task.CompletedTask, cancellationToken);
        }
        catch (RecipientSourceException e)
        {
            return Refusal.Invalid("The recipients", [new("$", e.Message)]).ToResult();
        }

        signal.Wake();
        return TypedResults.Ok(await DispatchEndpoints.ViewAsync(context, dispatch, cancellationToken));
    }

    private static Task<Results<Ok<DispatchView>, ProblemHttpResult>> TakeProducts(string id, HttpRequest request, CampaignsDbContext context, CancellationToken cancellationToken) =>
        TakeAsync(id, DispatchFileKind.Products, request, context, cancellationToken);

    private static Task<Results<Ok<DispatchView>, ProblemHttpResult>> TakeRecommendations(string id, HttpRequest request, CampaignsDbContext context, CancellationToken cancellationToken) =>
        TakeAsync(id, DispatchFileKind.Recommendations, request, context, cancellationToken);

    private static async Task<Results<Ok<DispatchView>, ProblemHttpResult>> TakeAsync(
        string id, DispatchFileKind kind, HttpRequest request, CampaignsDbContext context, CancellationToken cancellationToken)
    {
        const int pieceSize = 1024 * 1024;
        var dispatch = await context.Dispatches.SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (dispatch is null || Refuse(dispatch, request) is not null)
        {
            return (dispatch is null ? DispatchEndpoints.Unknown(id) : Refuse(dispatch, request)!).ToResult();
        }

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var npgsql = (NpgsqlTransaction)transaction.GetDbTransaction();
        await DraftLock.TakeAsync(npgsql, id, cancellationToken);
        await using (var content = await DispatchContent.CreateAsync(npgsql, id, DispatchContent.KindOf(kind), cancellationToken))
        {
            var piece = new byte[pieceSize];
            int length;
            while ((length = await request.Body.ReadAtLeastAsync(piece, piece.Length, throwOnEndOfStream: false, cancellationToken)) > 0)
            {
                await content.WriteAsync(piece.AsMemory(0, length), cancellationToken);
            }

            var sha256 = await content.CompleteAsync();
            if (content.Size == 0)
            {
                return Refusal.Invalid("The file", [new("$", "It is empty.")]).ToResult();
            }

            await context.DispatchFiles.Where(row => row.DispatchId == id && row.Kind == kind).ExecuteDeleteAsync(cancellationToken);
            context.DispatchFiles.Add(new() { DispatchId = id, Kind = kind, Size = content.Size, Sha256 = sha256 });
        }

        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(await DispatchEndpoints.ViewAsync(context, dispatch, cancellationToken));
    }

    private static async Task<Results<FileStreamHttpResult, ProblemHttpResult>> Read(
        string id, QueryWord<DispatchFileKind> kind, CampaignsDbContext context, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        var file = await context.DispatchFiles.AsNoTracking().SingleOrDefaultAsync(row => row.DispatchId == id && row.Kind == kind.Value, cancellationToken);
        if (file is null)
        {
            return Refusal.NotFound("file", kind.Value.ToString().ToLowerInvariant(), $"GET /api/campaigns/dispatches/{id} shows its files.").ToResult();
        }

        return file.Size > 0 && !await DispatchContent.ExistsAsync(database, id, kind.Value, cancellationToken)
            ? new Refusal(StatusCodes.Status410Gone, "file-removed", "The file is no longer kept", ContentRetention.Removed(id)).ToResult()
            : TypedResults.File(DispatchContent.OpenRead(database, id, DispatchContent.KindOf(kind.Value), file.Size), Csv, Path.GetFileName(file.Path) ?? $"{kind.Value.ToString().ToLowerInvariant()}.csv");
    }

    private static Refusal? Refuse(Dispatch dispatch, HttpRequest request)
    {
        if (dispatch.State != DispatchState.Draft)
        {
            return DraftLock.NoDraft(dispatch.Id);
        }

        return request.ContentType?.StartsWith(Csv, StringComparison.OrdinalIgnoreCase) == true
            ? null
            : new(StatusCodes.Status415UnsupportedMediaType, "unsupported-media-type", "Unsupported media type", $"The body must be a file: send the header 'Content-Type: {Csv}'.");
    }
}

/// <summary>Makes sure that a dispatch is still a draft, and stays one until the transaction ends.</summary>
internal static class DraftLock
{
    public static Refusal NoDraft(string id) => Refusal.Conflict("dispatch-no-draft", "The dispatch has its recipients",
        $"The dispatch '{id}' is no draft any more; its files are settled. Make a new dispatch, without recipients and query, to send a file.");

    public static async Task TakeAsync(NpgsqlTransaction transaction, string dispatchId, CancellationToken cancellationToken)
    {
        await using var select = new NpgsqlCommand("select state from dispatches where id = $1 for update", transaction.Connection, transaction) { Parameters = { new() { Value = dispatchId } } };
        if (await select.ExecuteScalarAsync(cancellationToken) is not "draft")
        {
            throw new RefusedException(NoDraft(dispatchId));
        }
    }
}
