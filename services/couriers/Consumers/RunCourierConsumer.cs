using System.Diagnostics;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Couriers.Persistence;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Consumers;

/// <summary>Starts a run for another service or a message-driven integration. A run id that exists already is the same run.</summary>
internal sealed class RunCourierConsumer(CouriersDbContext context, RunSignal signal, TimeProvider clock) : InboxConsumer<RunCourier, CouriersDbContext>(context, clock)
{
    protected override async Task HandleAsync(RunCourier message, CancellationToken cancellationToken)
    {
        if (await Database.Runs.AnyAsync(run => run.Id == message.RunId, cancellationToken))
        {
            return;
        }

        var now = Clock.GetUtcNow();
        var courier = await Database.Couriers.AsNoTracking().SingleOrDefaultAsync(row => row.Id == message.CourierId, cancellationToken);
        var problems = RunRequests.Check(message.Mode, message.Date, message.Start, message.End);
        problems = [.. problems, .. RunWindows.Check(message), .. RunRequests.CheckThreshold(message.ErrorThresholdPercent)];
        var run = new CourierRun
        {
            Id = message.RunId,
            CourierId = message.CourierId,
            CourierName = courier?.Name ?? message.CourierId,
            Mode = message.Mode,
            Date = message.Date,
            PeriodStart = message.Start,
            PeriodEnd = message.End,
            AcceptFrom = message.AcceptFrom?.ToUniversalTime(),
            AcceptThrough = message.AcceptThrough?.ToUniversalTime(),
            FileTimeZone = message.FileTimeZone,
            WaitUntil = message.WaitUntil?.ToUniversalTime(),
            GroupRunId = message.GroupRunId,
            IngestOnly = message.IngestOnly,
            SkipMissingFiles = message.SkipMissingFiles,
            Force = message.Force,
            ErrorThresholdPercent = message.ErrorThresholdPercent,
            RequestedBy = message.RequestedBy,
            RequestedAt = now,
            TraceParent = Activity.Current?.Id,
        };
        Database.Runs.Add(run);

        // Whoever asked waits for an end: it is told one, also when the run can never begin.
        var refusal = courier is null ? $"There is no courier '{message.CourierId}'; it may have been deleted. GET /api/couriers lists those there are."
            : problems.Count > 0 ? string.Join("; ", problems.Select(problem => $"{problem.Path} {problem.Problem}"))
            : null;
        if (refusal is not null)
        {
            Database.Publish(run.End(RunState.Failed, FailureCategory.Configuration, refusal, [], now), Clock);
        }
    }

    protected override void OnCommitted() => signal.Wake();
}
