using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Credentials.Persistence;
using Platform.ServiceDefaults;

namespace Platform.Credentials.MasterKeys;

/// <summary>
/// Looks at the master keys when the service starts: a missing or unusable key stops the start, not the first request. A generation that secrets are wrapped by must be there, and be the
/// same key as when it was first used. When the database is not there at the start, the keys are compared before the first call is answered after it: no secret is ever sealed with a key that is not the one its
/// generation began with.
/// </summary>
internal sealed partial class KeysAtStart(KeyRing keys, IServiceScopeFactory scopes, IHostApplicationLifetime lifetime, ILogger<KeysAtStart> logger) : IHostedService
{
    private volatile bool _compared;

    public Task StartAsync(CancellationToken cancellationToken) => CompareAsync(cancellationToken);

    /// <summary>Compares what a start without the database could not. Throws <see cref="RefusedException"/> (503), and ends the process, when a key is missing or wrong.</summary>
    public async Task BeforeACallAsync(CancellationToken cancellationToken)
    {
        if (_compared)
        {
            return;
        }

        try
        {
            await CompareAsync(cancellationToken);
        }
        catch (InvalidOperationException e)
        {
            Unusable(logger, e);
            lifetime.StopApplication();
            throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "master-keys-unusable", "The master keys cannot be used",
                "The master keys are not the ones that the stored secrets need. The log of the credentials service names the key; the service ends."), e);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private async Task CompareAsync(CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<CredentialsDbContext>();
        try
        {
            await CheckAsync(db, keys, cancellationToken);
            _compared = true;
        }
        catch (Exception e) when ((e as NpgsqlException ?? e.InnerException) is NpgsqlException)
        {
            // EF wraps what may pass. Neither a server that is away nor a database or table that is not there yet says anything about the keys.
            NotChecked(logger, e.Message);
        }
    }

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

    [LoggerMessage(EventId = 211, Level = LogLevel.Critical, Message = "The master keys cannot be used; the service ends")]
    private static partial void Unusable(ILogger logger, Exception exception);

    [LoggerMessage(EventId = 210, Level = LogLevel.Warning, Message = "The master keys were read, but not compared with the stored secrets: {Reason}")]
    private static partial void NotChecked(ILogger logger, string reason);
}
