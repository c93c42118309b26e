using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

internal static class LandedFileEndpoints
{
    private const int MaxInternalPage = 1000;

    public static void MapLandedFiles(this WebApplication app)
    {
        var files = app.MapGroup("/api/landed-files").RequireAuthorization(Roles.Viewer).WithTags("landed-files");
        files.MapGet("", List).WithName("ListLandedFiles").WithSummary("Landed files, newest first");
        files.MapGet("/{id}", Get).WithName("GetLandedFile").WithSummary("One landed file");

        var services = app.MapGroup("/internal").RequireAuthorization(Roles.Service);
        services.MapGet("/landed-files/{id}", Get);
        services.MapGet("/courier-runs/{runId}/files", ListOfRun);
    }

    private static async Task<Results<Ok<Page<LandedFileView>>, ProblemHttpResult>> List(
        CouriersDbContext context, CancellationToken cancellationToken,
        string? courierId = null, string? tag = null, string? runId = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var files = await context.LandedFiles.AsNoTracking()
            .Where(file => (courierId == null || file.CourierId == courierId) && (tag == null || file.Tag == tag) && (runId == null || file.RunId == runId)
                && (after == null || string.Compare(file.Id, after) < 0))
            .OrderByDescending(file => file.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<LandedFileView>.From([.. files.Select(file => LandedFileView.Of(file))], limit, file => file.FileId));
    }

    private static async Task<Results<Ok<LandedFileView>, ProblemHttpResult>> Get(string id, CouriersDbContext context, CancellationToken cancellationToken) =>
        await context.LandedFiles.AsNoTracking().SingleOrDefaultAsync(file => file.Id == id, cancellationToken) is { } file
            ? TypedResults.Ok(LandedFileView.Of(file))
            : Refusal.NotFound("landed file", id, "GET /api/landed-files lists them.").ToResult();

    // For the feeds service: what a load reads, in the order in which records win (F5).
    private static async Task<Results<Ok<OrderedFiles>, ProblemHttpResult>> ListOfRun(
        string runId, [FromQuery] string[] tag, CouriersDbContext context, CancellationToken cancellationToken, int after = 0, int limit = MaxInternalPage)
    {
        if (limit is < 1 or > MaxInternalPage)
        {
            return Refusal.Invalid("The query", [new("limit", $"Must be from 1 to {MaxInternalPage}; {limit} was given.")]).ToResult();
        }

        if (await context.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == runId, cancellationToken) is not { } run)
        {
            return Refusal.NotFound("courier run", runId, "The run may have been removed.").ToResult();
        }

        var files = await (
            from planned in context.RunFiles.AsNoTracking()
            join landed in context.LandedFiles.AsNoTracking() on planned.FileId equals landed.Id
            where planned.RunId == runId && planned.FileNo > after && (tag.Length == 0 || tag.Contains(planned.Tag))
            orderby planned.FileNo
            select new { planned.FileNo, planned.Settings, Landed = landed }).Take(limit + 1).ToListAsync(cancellationToken);
        var before = run.Diff && files.Count > 0 ? await BeforeAsync(run, files[0].FileNo, files[0].Landed.Tag, context, cancellationToken) : null;
        var page = new List<OrderedFile>();
        foreach (var file in files.Take(limit))
        {
            page.Add(new(file.FileNo, LandedFileView.Of(file.Landed, file.Settings), before));
            before = run.Diff ? new(file.Landed.Source, file.Landed.Location, file.Landed.Size) : null;
        }

        return TypedResults.Ok(new OrderedFiles(page, files.Count > limit ? page[^1].Order : null));
    }

    // The file before the first of a page: of the same run, or the last that an earlier import has loaded.
    private static async Task<PreviousFile?> BeforeAsync(CourierRun run, int fileNo, string tag, CouriersDbContext context, CancellationToken cancellationToken) => await (
        from planned in context.RunFiles.AsNoTracking()
        join landed in context.LandedFiles.AsNoTracking() on planned.FileId equals landed.Id
        join of in context.Runs.AsNoTracking() on planned.RunId equals of.Id
        where of.CourierId == run.CourierId && planned.Tag == tag && landed.RemovedAt == null
            && ((of.Id == run.Id && planned.FileNo < fileNo) || (of.NewFilesOnly && of.State == RunState.Succeeded && string.Compare(of.Id, run.Id) < 0))
        orderby of.Id descending, planned.FileNo descending
        select new PreviousFile(landed.Source, landed.Location, landed.Size)).FirstOrDefaultAsync(cancellationToken);
}
