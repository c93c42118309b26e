using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using NpgsqlTypes;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Couriers.Clients;
using Platform.Couriers.Definitions;
using Platform.Couriers.Landing;
using Platform.Couriers.Persistence;
using Platform.Couriers.Planning;
using Platform.Couriers.Sources.Connections;
using Platform.Files.Locations;
using Platform.Postgres;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Runs;

/// <summary>The steps of a run, in order; read this first. Each step commits fenced by the lease and may run twice.</summary>
internal sealed class RunSteps(
    CouriersDbContext context, NpgsqlDataSource database, SourceConnections sources, RunFileTable files, FileLander lander, FeedsClient feeds, DefinitionReader definitions,
    OutboxSignal outbox, RunSignal signal, IOptions<RunOptions> options, TimeProvider clock)
{
    private const int MostNamed = 5;

    private static readonly TimeSpan ProgressInterval = TimeSpan.FromMilliseconds(500);

    /// <summary>Works on the run from its present step until it ends, or until nothing remains but to wait for the feeds.</summary>
    public async Task RunAsync(RowLease lease, CancellationToken cancellationToken)
    {
        var run = await context.Runs.AsNoTracking().SingleAsync(row => row.Id == lease.Id, cancellationToken);
        if (run.Waiting)
        {
            // Cancelled while feeds were loading, and they have not answered in time.
            await EndAsync(lease, RunState.Cancelled, FailureCategory.Cancelled, "Cancelled; a feed had not confirmed yet that its load was given up.", cancellationToken);
            return;
        }

        var work = await ReadDefinitionAsync(run, lease, cancellationToken);
        if (run.Phase is RunPhase.Plan or RunPhase.Land)
        {
            using var source = await sources.OpenAsync(work.CredentialId, work.Layout, work.Purpose, cancellationToken);
            if (run.Phase == RunPhase.Plan && !await PlanAsync(work, source, cancellationToken))
            {
                return;
            }

            await LandAsync(work, source, cancellationToken);
        }

        await LoadAsync(work, cancellationToken);
    }

    /// <summary>Ends the run, if the lease still holds; publishes its end in the same commit.</summary>
    public async Task EndAsync(RowLease lease, RunState state, FailureCategory? failure, string? reason, CancellationToken cancellationToken, IReadOnlyList<string>? missing = null)
    {
        context.ChangeTracker.Clear();
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var run = await context.Runs.FromSql($"select * from courier_runs where id = {lease.Id} and attempt = {lease.Attempt} and state = 'running' for update").SingleOrDefaultAsync(cancellationToken)
            ?? throw new LeaseLostException("courier_runs", lease.Id, lease.Attempt);
        var loads = await context.RunLoads.AsNoTracking().Where(load => load.RunId == lease.Id).ToListAsync(cancellationToken);
        context.Publish(run.End(state, failure, reason, loads, clock.GetUtcNow(), missing), clock);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);

        // The next run of the same courier may start.
        signal.Wake();
    }

    private async Task<RunContext> ReadDefinitionAsync(CourierRun run, RowLease lease, CancellationToken cancellationToken)
    {
        var courier = await context.Couriers.AsNoTracking().SingleOrDefaultAsync(row => row.Id == run.CourierId, cancellationToken)
            ?? throw new RunFailureException(FailureCategory.Configuration, $"The courier '{run.CourierName}' ({run.CourierId}) was deleted before its run began.");
        var findings = new Findings();
        var (layout, loads) = RunContext.Read(courier, run, definitions, findings);
        return layout is null
            ? throw new RunFailureException(FailureCategory.Configuration,
                $"The definition of the courier is not valid: {string.Join("; ", findings.Problems.Select(problem => $"{problem.Path} {problem.Problem}"))} Change it with PUT /api/couriers/{courier.Id}.")
            : new(run, lease, courier.CredentialId, layout, loads);
    }

    /// <summary>False when files are missing that may still come: the row then waits in the queue, and binds no worker until the next look.</summary>
    private async Task<bool> PlanAsync(RunContext work, IFileLocation source, CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Source.StartActivity("plan");
        var patience = work.Run.WaitUntil - clock.GetUtcNow() ?? TimeSpan.Zero;
        var plan = await new RunPlanner(source, work.Layout, work.Run, options.Value.ParallelListings).PlanAsync(waits: patience > TimeSpan.Zero, cancellationToken);
        if (plan.Missing.Count > 0 && patience > TimeSpan.Zero)
        {
            var nextLook = NextLook(patience, clock.GetUtcNow() - work.Run.StartedAt ?? TimeSpan.Zero);
            await work.Lease.UpdateAsync("state = 'queued', faults = 0, not_before = clock_timestamp() + @next_look, lease_owner = null, lease_until = null, missing_files = @missing",
                [new("next_look", nextLook), new("missing", plan.Missing.ToArray())], cancellationToken);
            return false;
        }

        if (plan.Problem is not null)
        {
            throw new RunFailureException(FailureCategory.Configuration, plan.Problem, plan.Missing);
        }

        var rows = await files.ToRowsAsync(work.Run, plan, work.Loads, source, cancellationToken);
        if (work.Layout.SettleTime is { } settleTime)
        {
            await SettledFiles.CheckAsync(source, rows, settleTime, clock, cancellationToken);
        }

        var loadedBefore = plan.Files.Count - rows.Count;
        List<string> warnings = [.. plan.Warnings];
        if (loadedBefore > 0)
        {
            warnings.Add($"{loadedBefore} {(loadedBefore == 1 ? "file was" : "files were")} left out, for earlier runs have loaded {(loadedBefore == 1 ? "it" : "them")} and nothing has changed since.");
        }

        if (plan.Late.Count > 0 && await files.ToRowsAsync(work.Run, plan with { Files = plan.Late }, work.Loads, source, cancellationToken) is { Count: > 0 } late)
        {
            warnings.Add($"{late.Count} {(late.Count == 1 ? "file is" : "files are")} stamped earlier than the last one that was imported and left out: {string.Join(", ", late.Take(MostNamed).Select(file => file.Key))}{(late.Count > MostNamed ? " …" : "")}. "
                + $"POST /api/couriers/{work.Run.CourierId}/runs for {(late.Count == 1 ? "its day" : "their days")} loads what came late all the same.");
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await work.Lease.UpdateAsync(transaction,
            "phase = 'land', faults = 0, warnings = @warnings, missing_files = @missing, files_total = @files_total, files_done = @files_done, files_pulled = @files_pulled, bytes_total = @bytes_total, bytes_done = @bytes_done",
            [
                new("warnings", warnings.ToArray()),
                new("missing", plan.Missing.ToArray()),
                new("files_total", rows.Count),
                new("files_done", rows.Count(row => row.FileId is not null)),
                new("files_pulled", rows.Count(row => row.Pulled)),
                new("bytes_total", rows.Sum(row => row.Size)),
                new("bytes_done", rows.Where(row => row.FileId is not null).Sum(row => row.Size)),
            ], cancellationToken);
        await RunFileTable.StoreAsync(transaction, work.Run.Id, rows, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    // Often at first, for most late files are nearly in time; then ever more seldom, and last when the wait is over.
    private TimeSpan NextLook(TimeSpan patience, TimeSpan waited)
    {
        var poll = options.Value.LateFilePoll;
        var look = TimeSpan.FromSeconds(Math.Max(1, waited.TotalSeconds / 10));
        look = look < poll ? look : poll;
        return patience < look ? patience : look;
    }

    private async Task LandAsync(RunContext work, IFileLocation source, CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Source.StartActivity("land");
        var pending = await context.RunFiles.AsNoTracking().Where(file => file.RunId == work.Run.Id && file.FileId == null).OrderBy(file => file.FileNo).ToListAsync(cancellationToken);
        var landedBytes = await context.RunFiles.Where(file => file.RunId == work.Run.Id && file.FileId != null).SumAsync(file => file.Size, cancellationToken);
        var progress = new RunProgress(landedBytes, clock);
        using var landing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var telling = TellProgressAsync(work.Lease, progress, landing.Token);
        try
        {
            await lander.LandAsync(work, source, pending, progress, cancellationToken);
        }
        finally
        {
            await landing.CancelAsync();
            await telling;
        }

        await work.Lease.UpdateAsync("phase = 'load', faults = 0, bytes_done = bytes_total", [], cancellationToken);
    }

    // Only tells: a failing update is left to the landing's own commits, which cannot be done without.
    private async Task TellProgressAsync(RowLease lease, RunProgress progress, CancellationToken cancellationToken)
    {
        using var quiet = Telemetry.Quietly();
        long told = -1;
        try
        {
            while (true)
            {
                await Task.Delay(ProgressInterval, clock, cancellationToken);
                var bytes = progress.Bytes;
                if (bytes == told)
                {
                    continue;
                }

                await lease.UpdateAsync("bytes_done = greatest(bytes_done, @bytes), first_byte_at = coalesce(first_byte_at, @first)",
                    [new("bytes", bytes), new("first", NpgsqlDbType.TimestampTz) { Value = (object?)progress.FirstByteAt ?? DBNull.Value }], cancellationToken);
                told = bytes;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or NpgsqlException or TimeoutException or LeaseLostException)
        {
            // The landing has ended, or will end for the same reason.
        }
    }

    private async Task LoadAsync(RunContext work, CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Source.StartActivity("load");
        var warnings = new List<string>();
        var wanted = await ToLoadAsync(work, warnings, cancellationToken);
        await CheckFeedsAsync(wanted, cancellationToken);

        var earlier = await context.RunLoads.AsNoTracking().Where(load => load.RunId == work.Run.Id).ToListAsync(cancellationToken);
        var done = earlier.Where(load => load.State == RunLoadState.Loaded).Select(load => load.FeedId).ToHashSet(StringComparer.Ordinal);
        var loads = wanted.Where(load => !done.Contains(load.FeedId)).Select((load, index) => new RunLoad
        {
            Id = PublicId.Sequential("ld"),
            RunId = work.Run.Id,
            FeedId = load.FeedId,
            LoadNo = earlier.Count + index + 1,
            Truncate = load.Truncate,
            Tags = [.. load.Tags],
            State = RunLoadState.Pending,
            RequestedAt = clock.GetUtcNow(),
        }).ToArray();
        if (loads.Length == 0)
        {
            await AddWarningsAsync(work.Lease, warnings, cancellationToken);
            await EndAsync(work.Lease, RunState.Succeeded, null, null, cancellationToken);
            return;
        }

        await DispatchAsync(work, loads, warnings, cancellationToken);
    }

    /// <summary>The load operations that have something to load. One without files never truncates.</summary>
    private async Task<IReadOnlyList<FeedLoad>> ToLoadAsync(RunContext work, List<string> warnings, CancellationToken cancellationToken)
    {
        var landed = await context.RunFiles.Where(file => file.RunId == work.Run.Id).Select(file => file.Tag).Distinct().ToListAsync(cancellationToken);
        var known = work.Layout.Entities.Select(entity => entity.Tag).ToHashSet(StringComparer.Ordinal);
        var wanted = new List<FeedLoad>();
        foreach (var load in work.Loads)
        {
            if (load.Tags.FirstOrDefault(tag => !known.Contains(tag)) is { } unknown)
            {
                throw new RunFailureException(FailureCategory.Configuration,
                    $"Error running load-operations task\nThe feed \"{load.FeedId}\" is to load the file tag \"{unknown}\", which no entity of the courier lands; landed are {string.Join(", ", known)}.");
            }

            if (load.Tags.Any(landed.Contains))
            {
                wanted.Add(load);
            }
            else if (landed.Count > 0 || work.Run.FilesTotal == 0)
            {
                warnings.Add($"The feed {load.FeedId} had nothing to load: the run has no file with the tag {string.Join(" or ", load.Tags)}.");
            }
        }

        return wanted;
    }

    private async Task CheckFeedsAsync(IReadOnlyList<FeedLoad> wanted, CancellationToken cancellationToken)
    {
        if (wanted.Count == 0)
        {
            return;
        }

        var resolved = await feeds.ResolveAsync(wanted.Select(load => load.FeedId), cancellationToken);
        if (resolved.Missing.Count > 0)
        {
            // The seed's own words (R9).
            throw new RunFailureException(FailureCategory.Configuration, $"Error running load-operations task\nCannot find required feeds: {string.Join(", ", resolved.Missing.Select(id => $"\"{id}\""))}");
        }

        var inactive = resolved.Feeds.Where(feed => !feed.Active).ToArray();
        if (inactive.Length > 0)
        {
            throw new RunFailureException(FailureCategory.Configuration,
                $"Error running load-operations task\nNot activated yet: {string.Join(", ", inactive.Select(feed => $"\"{feed.Id}\" ({feed.Source}:{feed.Name})"))}. Activate with POST /api/feeds/{{id}}/activate, then restart the run.");
        }
    }

    // From this commit on the feeds have the run; the row waits without a worker.
    private async Task DispatchAsync(RunContext work, IReadOnlyList<RunLoad> loads, IReadOnlyList<string> warnings, CancellationToken cancellationToken)
    {
        context.ChangeTracker.Clear();
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var npgsql = (NpgsqlTransaction)Microsoft.EntityFrameworkCore.Storage.DbContextTransactionExtensions.GetDbTransaction(transaction);
        await work.Lease.UpdateAsync(npgsql, "phase = 'load', faults = 0, waiting = true, lease_owner = null, lease_until = null, warnings = warnings || @warnings", [new("warnings", warnings.ToArray())], cancellationToken);
        foreach (var load in loads)
        {
            context.RunLoads.Add(load);
            context.Publish(new LoadFiles
            {
                LoadId = load.Id,
                RunId = load.RunId,
                CourierId = work.Run.CourierId,
                FeedId = load.FeedId,
                Truncate = load.Truncate,
                ErrorThresholdPercent = work.Run.ErrorThresholdPercent,
                Tags = load.Tags,
            }, clock);
        }

        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        outbox.Wake();
    }

    private static Task AddWarningsAsync(RowLease lease, IReadOnlyList<string> warnings, CancellationToken cancellationToken) => warnings.Count == 0
        ? Task.CompletedTask
        : lease.UpdateAsync("warnings = warnings || @warnings", [new("warnings", warnings.ToArray())], cancellationToken);
}
