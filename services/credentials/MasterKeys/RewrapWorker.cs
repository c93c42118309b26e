using Microsoft.EntityFrameworkCore;
using Platform.Credentials.Persistence;
using Platform.Credentials.Secrets;

namespace Platform.Credentials.MasterKeys;

/// <summary>
/// Carries rotations of the master key out while everything runs: a batch of data keys at a time, each unwrapped by its old master key and wrapped by the new one. Secrets themselves are
/// not touched, so neither version nor anything that uses them changes. Several instances share the work; a crash loses at most a batch that was not committed.
/// </summary>
internal sealed partial class RewrapWorker(IServiceScopeFactory scopes, SecretVault vault, TimeProvider clock, ILogger<RewrapWorker> logger) : BackgroundService
{
    private const int Batch = 100;
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim _signal = new(0);

    /// <summary>A rotation was asked for.</summary>
    public void Wake() => _signal.Release();

    public override void Dispose()
    {
        _signal.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await CarryOutAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Tried again at the next poll: what is done is committed, and what is left stands in the rows.
                Interrupted(logger, e);
            }

            try
            {
                await _signal.WaitAsync(Poll, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    private async Task CarryOutAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<CredentialsDbContext>();
        foreach (var rotation in await db.KeyRotations.AsNoTracking().Where(row => row.CompletedAt == null).OrderBy(row => row.Id).ToListAsync(cancellationToken))
        {
            var unreadable = new List<string>();
            while (await RewrapBatchAsync(db, rotation, unreadable, cancellationToken))
            {
                db.ChangeTracker.Clear();
            }

            // Rows that another instance holds at this moment are its to finish; the rotation is complete when none is left.
            var left = await db.Set<SealedSecret>().CountAsync(secret => secret.MasterGeneration < rotation.TargetGeneration, cancellationToken);
            if (left <= unreadable.Count)
            {
                var now = clock.GetUtcNow();
                await db.KeyRotations.Where(row => row.Id == rotation.Id && row.CompletedAt == null)
                    .ExecuteUpdateAsync(set => set.SetProperty(row => row.CompletedAt, now).SetProperty(row => row.Unreadable, unreadable.Count), cancellationToken);
                Completed(logger, rotation.TargetGeneration, unreadable.Count);
            }
        }
    }

    private async Task<bool> RewrapBatchAsync(CredentialsDbContext db, KeyRotation rotation, List<string> unreadable, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var skipped = unreadable.ToArray();
        var secrets = await db.Set<SealedSecret>().FromSql(
            $"select * from sealed_secrets where master_generation < {rotation.TargetGeneration} and credential_id <> all({skipped}) order by credential_id limit {Batch} for update skip locked")
            .ToListAsync(cancellationToken);
        foreach (var secret in secrets)
        {
            try
            {
                vault.Rewrap(secret, rotation.TargetGeneration);
            }
            catch (SecretUnreadableException e)
            {
                NotRewrapped(logger, secret.CredentialId, e.Message);
                unreadable.Add(secret.CredentialId);
            }
        }

        var rewrapped = secrets.Count - (unreadable.Count - skipped.Length);
        await db.SaveChangesAsync(cancellationToken);
        await db.KeyRotations.Where(row => row.Id == rotation.Id).ExecuteUpdateAsync(set => set.SetProperty(row => row.Rewrapped, row => row.Rewrapped + rewrapped), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return secrets.Count > 0;
    }

    [LoggerMessage(EventId = 211, Level = LogLevel.Information, Message = "Every readable data key is wrapped by master key generation {Generation}; {Unreadable} could not be read")]
    private static partial void Completed(ILogger logger, int generation, int unreadable);

    [LoggerMessage(EventId = 212, Level = LogLevel.Error, Message = "The data key of credential {CredentialId} stays as it is: {Reason}")]
    private static partial void NotRewrapped(ILogger logger, string credentialId, string reason);

    [LoggerMessage(EventId = 213, Level = LogLevel.Error, Message = "The rotation of the master key was interrupted; it goes on in half a minute")]
    private static partial void Interrupted(ILogger logger, Exception cause);
}
