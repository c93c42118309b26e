using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Contracts.Scheduler;
using Platform.Couriers.Definitions;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Imports;

/// <summary>Begins the runs of import jobs and takes in how they ended. Everything happens inside the caller's transaction, on the locked row of the job.</summary>
internal sealed class ImportRuns(CouriersDbContext context, DefinitionReader definitions, TimeProvider clock)
{
    public async Task<ImportJob?> LockAsync(string id, CancellationToken cancellationToken) =>
        await context.ImportJobs.FromSql($"select * from import_jobs where id = {id} for update").SingleOrDefaultAsync(cancellationToken);

    /// <summary>Makes the job work: registers its schedule, whose first occasion comes at once, or begins its only run.</summary>
    public void Start(ImportJob job)
    {
        (job.State, job.Message, job.Slot) = (ImportJobState.Active, null, null);
        job.Generation++;
        if (!job.KeepUpdated)
        {
            Begin(job);
            return;
        }

        context.Publish(new RegisterSchedule
        {
            ScheduleId = job.ScheduleId,
            Owner = ImportJob.Owner,
            Frequency = job.Frequency,
            TimeOfDay = job.TimeOfDay,
            TimeZone = job.TimeZone,
        }, clock);
    }

    /// <summary>Ends the job's schedule, if it has one.</summary>
    public void Unschedule(ImportJob job)
    {
        if (job.KeepUpdated)
        {
            context.Publish(new RemoveSchedule { ScheduleId = job.ScheduleId, Owner = ImportJob.Owner }, clock);
        }
    }

    /// <summary>The run of the job that has not ended, if there is one.</summary>
    public Task<CourierRun?> OpenRunAsync(ImportJob job, CancellationToken cancellationToken) =>
        context.Runs.AsNoTracking().FirstOrDefaultAsync(run => run.Id == job.RunId && (run.State == RunState.Queued || run.State == RunState.Running), cancellationToken);

    /// <summary>Begins a run for the files that came since the last one. The first run must find one.</summary>
    public void Begin(ImportJob job)
    {
        var run = new CourierRun
        {
            Id = PublicId.Sequential("run"),
            CourierId = job.CourierId,
            CourierName = job.Name,
            Mode = RunMode.All,
            NewFilesOnly = true,
            Diff = job.Diff,
            FilesFrom = job.FilesFrom,
            SequenceReached = job.SequenceReached,
            SkipMissingFiles = job.FilesImported > 0,
            RequestedBy = $"import job {job.Id}",
            RequestedAt = clock.GetUtcNow(),
            TraceParent = Activity.Current?.Id,
        };
        context.Runs.Add(run);
        job.RunId = run.Id;
    }

    /// <summary>The schedule is due. An occasion that comes while the run of an earlier one goes on is served by that run.</summary>
    public async Task DueAsync(ImportJob job, DateTimeOffset slot, CancellationToken cancellationToken)
    {
        job.Slot = slot;
        if (await OpenRunAsync(job, cancellationToken) is null)
        {
            Begin(job);
        }
    }

    /// <summary>The job's run ended: how far the files were taken, and whether the job goes on.</summary>
    public async Task EndedAsync(ImportJob job, CourierRunEnded ended, CancellationToken cancellationToken)
    {
        if (ended.State == RunState.Succeeded && ended.Files > 0)
        {
            job.FilesImported += ended.Files;
            job.SequenceReached = await ReachedAsync(job, ended.RunId, cancellationToken) ?? job.SequenceReached;
        }

        job.Message = ended.State == RunState.Succeeded ? null : ended.Message;
        if (job.State != ImportJobState.Active)
        {
            return;
        }

        if (!job.KeepUpdated)
        {
            job.State = ended.State == RunState.Succeeded ? ImportJobState.Completed : ImportJobState.Failed;
            return;
        }

        var noNext = ended.State == RunState.Succeeded ? ended.Files == 0 : ended.MissingFiles is { Count: > 0 };
        if (job.Format == ImportFormat.Json && noNext)
        {
            job.State = ImportJobState.Stopped;
            job.Message = $"No next file: nothing matches {job.Pattern}{(job.SequenceReached is { } reached ? $" with a time after {reached:yyyy-MM-dd HH:mm:ss} UTC" : "")}. POST /api/import-jobs/{job.Id}/resume goes on looking.";
            Unschedule(job);
        }
        else if (job.Slot is { } slot)
        {
            context.Publish(new ScheduledWorkEnded { ScheduleId = job.ScheduleId, Owner = ImportJob.Owner, Slot = slot, EndedAt = ended.EndedAt }, clock);
        }
    }

    // The files of a run are in order: the last one is the newest.
    private async Task<DateTimeOffset?> ReachedAsync(ImportJob job, string runId, CancellationToken cancellationToken)
    {
        var courier = await context.Couriers.AsNoTracking().SingleAsync(row => row.Id == job.CourierId, cancellationToken);
        var last = await context.RunFiles.AsNoTracking().Where(file => file.RunId == runId).OrderByDescending(file => file.FileNo).Select(file => file.Key).FirstOrDefaultAsync(cancellationToken);
        return last is not null && definitions.Read(courier.Written(), new()) is { Entities: [var entity, ..] } && entity.Pattern.ForAll().TimeOf(last) is { } time ? time : null;
    }
}
