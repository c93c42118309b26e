using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Credentials.Persistence;

namespace Platform.Credentials.MasterKeys;

/// <summary>
/// Looks at the master keys when the service starts: a missing or unusable key stops the start, not the first request. A generation that secrets are wrapped by must be there, and be the
/// same key as when it was first used.
/// </summary>
internal sealed partial class KeysAtStart(KeyRing keys, IServiceScopeFactory scopes, ILogger<KeysAtStart> logger) : IHostedService
{
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<CredentialsDbContext>();
        try
        {
            await CheckAsync(db, keys, cancellationToken);
        }
        catch (Exception e) when ((e as NpgsqlException ?? e.InnerException) is NpgsqlException { IsTransient: true } or PostgresException { SqlState: PostgresErrorCodes.UndefinedTable })
        {
            // EF wraps what may pass. An absent database is waited for; every secret is checked when it is opened, whatever happens here.
            NotChecked(logger, e.Message);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Throws <see cref="InvalidOperationException"/> that names the key which is missing or wrong; remembers keys that are new.</summary>
    public static async Task CheckAsync(CredentialsDbContext db, KeyRing keys, CancellationToken cancellationToken)
    {
        var wrapping = await db.Set<Secrets.SealedSecret>().GroupBy(secret => secret.MasterGeneration).Select(group => new { Generation = group.Key, Secrets = group.Count() }).ToListAsync(cancellationToken);
        if (wrapping.Find(used => !keys.Generations.Contains(used.Generation)) is { } missing)
        {
            throw new InvalidOperationException(
                $"Master key generation {missing.Generation} is missing: it wraps {missing.Secrets} stored secrets, and there are only the generations {string.Join(", ", keys.Generations)}. "
                + $"Put the file {missing.Generation}.key into MasterKeys:Folder, or the setting MasterKeys:Keys:{missing.Generation}, from the backup.");
        }

        var known = await db.Set<KeyCheck>().AsNoTracking().ToDictionaryAsync(check => check.Generation, check => check.Check, cancellationToken);
        foreach (var generation in keys.Generations)
        {
            var check = keys.CheckOf(generation);
            if (!known.TryGetValue(generation, out var before))
            {
                await db.Database.ExecuteSqlAsync($"insert into key_checks (generation, \"check\") values ({generation}, {check}) on conflict (generation) do nothing", cancellationToken);
            }
            else if (!check.AsSpan().SequenceEqual(before))
            {
                throw new InvalidOperationException(
                    $"Master key generation {generation} is not the key it was when secrets were first wrapped with it. Generations never change: put the original key back from the backup, and give a new key the next number.");
            }
        }
    }

    [LoggerMessage(EventId = 210, Level = LogLevel.Warning, Message = "The master keys were read, but not compared with the stored secrets: {Reason}")]
    private static partial void NotChecked(ILogger logger, string reason);
}
