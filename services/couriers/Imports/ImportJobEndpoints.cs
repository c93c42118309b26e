using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Imports;

/// <summary>Import jobs over REST (R13).</summary>
internal static class ImportJobEndpoints
{
    public static void MapImportJobs(this WebApplication app)
    {
        var jobs = app.MapGroup("/api/import-jobs").RequireAuthorization(Roles.Viewer).WithTags("import-jobs");
        jobs.MapPost("", Create).RequireAuthorization(Roles.Operator).WithName("CreateImportJob").WithSummary("Import a file or a sequence of files in S3 into a stream, once or again and again; the first run starts at once");
        jobs.MapGet("", List).WithName("ListImportJobs").WithSummary("Import jobs by id");
        jobs.MapGet("/{id}", Get).WithName("GetImportJob").WithSummary("One import job and how far it is");
        jobs.MapPut("/{id}", Replace).RequireAuthorization(Roles.Operator).WithName("ReplaceImportJob").WithSummary("Replace an import job and start it anew; what was imported stays, and is not imported again");
        jobs.MapDelete("/{id}", Delete).RequireAuthorization(Roles.Operator).WithName("DeleteImportJob").WithSummary("Delete an import job with its courier; the stream and the landed files stay");
        jobs.MapPost("/{id}/stop", Stop).RequireAuthorization(Roles.Operator).WithName("StopImportJob").WithSummary("Look for no further files; a run under way goes on to its end");
        jobs.MapPost("/{id}/resume", Resume).RequireAuthorization(Roles.Operator).WithName("ResumeImportJob").WithSummary("Start a stopped, failed or completed job again: it looks for new files at once");
    }

    private static Refusal Unknown(string id) => Refusal.NotFound("import job", id, "GET /api/import-jobs lists them.");

    private static Refusal Running(ImportJob job, CourierRun run) => Refusal.Conflict("import-running", "The import is running",
        $"The run {run.Id} of the import job '{job.Id}' has not ended. Wait for it, or cancel it with POST /api/courier-runs/{run.Id}/cancel.");

    private static async Task<Results<Created<ImportJobView>, ProblemHttpResult>> Create(
        ImportJobInput input, CouriersDbContext context, ImportJobCheck check, ImportRuns runs, RunSignal signal, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        var (ready, refusal) = await check.CheckAsync(input, null, cancellationToken);
        if (ready is null)
        {
            return refusal!.ToResult();
        }

        var now = clock.GetUtcNow();
        var courier = ready.NewCourier(http.CallerName(), now);
        var job = new ImportJob
        {
            Id = PublicId.Short("ij"),
            Name = courier.Name,
            CourierId = courier.Id,
            Definition = "{}",
            FeedId = ready.Feed.Id,
            DomainTable = ready.Feed.DomainTable,
            Pattern = ready.Plan.Pattern.Text,
            Format = ready.Plan.Format,
            CreatedAt = now,
            UpdatedAt = now,
            UpdatedBy = http.CallerName(),
        };
        ready.ApplyTo(job);
        context.Couriers.Add(courier);
        context.ImportJobs.Add(job);
        runs.Start(job);
        if (await SaveAsync(context, job.Name, cancellationToken) is { } taken)
        {
            return taken.ToResult();
        }

        signal.Wake();
        return TypedResults.Created($"/api/import-jobs/{job.Id}", ImportJobView.Of(job, ready.Warnings));
    }

    private static async Task<Results<Ok<Page<ImportJobView>>, ProblemHttpResult>> List(CouriersDbContext context, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var jobs = await context.ImportJobs.AsNoTracking().Where(job => after == null || string.Compare(job.Id, after) > 0).OrderBy(job => job.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<ImportJobView>.From([.. jobs.Select(job => ImportJobView.Of(job))], limit, job => job.Id));
    }

    private static async Task<Results<Ok<ImportJobView>, ProblemHttpResult>> Get(string id, CouriersDbContext context, CancellationToken cancellationToken) =>
        await context.ImportJobs.AsNoTracking().SingleOrDefaultAsync(job => job.Id == id, cancellationToken) is { } job ? TypedResults.Ok(ImportJobView.Of(job)) : Unknown(id).ToResult();

    private static async Task<Results<Ok<ImportJobView>, ProblemHttpResult>> Replace(
        string id, ImportJobInput input, CouriersDbContext context, ImportJobCheck check, ImportRuns runs, RunSignal signal, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (!await context.ImportJobs.AnyAsync(row => row.Id == id, cancellationToken))
        {
            return Unknown(id).ToResult();
        }

        // The source is asked before the row is locked: it may take its time.
        var (ready, refusal) = await check.CheckAsync(input, id, cancellationToken);
        if (ready is null)
        {
            return refusal!.ToResult();
        }

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await runs.LockAsync(id, cancellationToken) is not { } job)
        {
            return Unknown(id).ToResult();
        }

        if (await runs.OpenRunAsync(job, cancellationToken) is { } open)
        {
            return Running(job, open).ToResult();
        }

        if (job.State == ImportJobState.Active)
        {
            runs.Unschedule(job);
        }

        var now = clock.GetUtcNow();
        ready.ApplyTo(job);
        ready.ApplyTo(await context.Couriers.SingleAsync(courier => courier.Id == job.CourierId, cancellationToken), http.CallerName(), now);
        (job.UpdatedAt, job.UpdatedBy) = (now, http.CallerName());
        runs.Start(job);
        if (await SaveAsync(context, job.Name, cancellationToken) is { } taken)
        {
            return taken.ToResult();
        }

        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Ok(ImportJobView.Of(job, ready.Warnings));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(string id, CouriersDbContext context, ImportRuns runs, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await runs.LockAsync(id, cancellationToken) is not { } job)
        {
            return Unknown(id).ToResult();
        }

        if (await runs.OpenRunAsync(job, cancellationToken) is { } open)
        {
            return Running(job, open).ToResult();
        }

        runs.Unschedule(job);
        context.ImportJobs.Remove(job);
        await context.SaveChangesAsync(cancellationToken);
        await context.Couriers.Where(courier => courier.Id == job.CourierId).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<ImportJobView>, ProblemHttpResult>> Stop(string id, CouriersDbContext context, ImportRuns runs, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await runs.LockAsync(id, cancellationToken) is not { } job)
        {
            return Unknown(id).ToResult();
        }

        if (job.State == ImportJobState.Active)
        {
            (job.State, job.Message) = (ImportJobState.Stopped, $"Stopped by a call. POST /api/import-jobs/{id}/resume starts it again.");
            runs.Unschedule(job);
            await context.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return TypedResults.Ok(ImportJobView.Of(job));
    }

    private static async Task<Results<Ok<ImportJobView>, ProblemHttpResult>> Resume(string id, CouriersDbContext context, ImportRuns runs, RunSignal signal, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        if (await runs.LockAsync(id, cancellationToken) is not { } job)
        {
            return Unknown(id).ToResult();
        }

        if (job.State == ImportJobState.Active)
        {
            return Refusal.Conflict("import-active", "The import is active already", $"The import job '{id}' has not stopped; there is nothing to resume.").ToResult();
        }

        if (await runs.OpenRunAsync(job, cancellationToken) is { } open)
        {
            return Running(job, open).ToResult();
        }

        runs.Start(job);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Ok(ImportJobView.Of(job));
    }

    private static async Task<Refusal?> SaveAsync(CouriersDbContext context, string name, CancellationToken cancellationToken)
    {
        try
        {
            await context.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return ImportJobCheck.NameTaken(name);
        }
    }
}
