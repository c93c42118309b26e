using System.Diagnostics;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.Persistence;
using Platform.ServiceDefaults;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>Puts syncs in line.</summary>
internal static class SyncQueue
{
    /// <summary>How long recorded decisions collect before they are sent: a burst becomes one batch.</summary>
    private static readonly TimeSpan Gathering = TimeSpan.FromSeconds(2);

    public static SyncRun New(string connectionId, SyncScope scope, SyncRequest request, string requestedBy, bool dryRun, TimeProvider clock) => new()
    {
        Id = PublicId.Sequential(SyncRun.IdPrefix),
        ConnectionId = connectionId,
        Scope = scope,
        Request = request,
        RequestedBy = requestedBy,
        DryRun = dryRun,
        TraceParent = Activity.Current?.Id,
        CreatedAt = clock.GetUtcNow(),
    };

    /// <summary>Adds a sync unless one waits already that does the same and more. One statement, within whatever transaction the context has.</summary>
    public static Task AddUnlessWaitingAsync(OptimizelyBrevoDbContext db, string connectionId, SyncScope scope, SyncRequest request, string requestedBy, TimeProvider clock, CancellationToken cancellationToken)
    {
        var sync = New(connectionId, scope, request, requestedBy, dryRun: false, clock);
        var notBefore = scope == SyncScope.Decisions ? clock.GetUtcNow() + Gathering : (DateTimeOffset?)null;
        var (text, wanted) = (JsonSerializer.Serialize(request, PlatformJson.Options), scope.ToString());
        return db.Database.ExecuteSqlAsync($$"""
            insert into syncs (id, connection_id, scope, requested_by, dry_run, request, state, phase, counts, cancel_requested, failures, attempt, not_before, trace_parent, created_at)
            select {{sync.Id}}, id, {{wanted}}, {{requestedBy}}, false, {{text}}::jsonb, 'Queued', 'Collecting', '{}', false, 0, 0, {{notBefore}}, {{sync.TraceParent}}, {{sync.CreatedAt}}
            from connections where id = {{connectionId}} and enabled and not exists (
                select 1 from syncs s where s.connection_id = {{connectionId}} and s.state = 'Queued' and not s.dry_run and s.attempt = 0
                    and (s.scope = 'All' or (s.scope = {{wanted}} and s.request = {{text}}::jsonb)))
            """, cancellationToken);
    }
}
