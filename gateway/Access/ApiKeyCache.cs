using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Gateway.Persistence;
using Platform.ServiceDefaults;

namespace Platform.Gateway.Access;

/// <summary>Who an API key belongs to.</summary>
internal sealed record KeyHolder(string KeyId, string Name, string Role, IReadOnlyList<string> Scopes, DateTimeOffset? ExpiresAt);

/// <summary>
/// Looks keys up in the database and remembers the answer, also that there is no such key, for a few seconds: so long a revoked key may still be accepted by
/// another instance of the gateway. Keys are remembered by their hash.
/// </summary>
internal sealed class ApiKeyCache(IServiceScopeFactory scopes, TimeProvider clock)
{
    private static readonly TimeSpan Kept = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan UseRecordedEvery = TimeSpan.FromMinutes(1);
    private const int MaxEntries = 20_000;

    private readonly ConcurrentDictionary<string, (KeyHolder? Holder, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    /// <summary>The holder of a valid key, else null. Throws <see cref="RefusedException"/> (503) when the database does not answer.</summary>
    public async Task<KeyHolder?> FindAsync(string key, CancellationToken cancellationToken)
    {
        if (!KeyText.LooksLikeKey(key))
        {
            return null;
        }

        var hash = KeyText.HashOf(key);
        var name = Convert.ToHexString(hash);
        var now = clock.GetUtcNow();
        if (!_known.TryGetValue(name, out var known) || now >= known.Until)
        {
            known = (await LoadAsync(KeyText.PrefixOf(key), hash, now, cancellationToken), now + Kept);
            if (_known.Count >= MaxEntries)
            {
                _known.Clear();
            }

            _known[name] = known;
        }

        return known.Holder is { } holder && (holder.ExpiresAt is null || now < holder.ExpiresAt) ? holder : null;
    }

    /// <summary>Makes a revocation effective in this instance at once.</summary>
    public void Forget() => _known.Clear();

    private async Task<KeyHolder?> LoadAsync(string prefix, byte[] hash, DateTimeOffset now, CancellationToken cancellationToken)
    {
        try
        {
            await using var scope = scopes.CreateAsyncScope();
            var db = scope.ServiceProvider.GetRequiredService<GatewayDbContext>();
            var key = await db.ApiKeys.SingleOrDefaultAsync(row => row.Prefix == prefix && row.RevokedAt == null, cancellationToken);
            if (key is null || !CryptographicOperations.FixedTimeEquals(key.Hash, hash))
            {
                return null;
            }

            if (key.LastUsedAt is null || now - key.LastUsedAt > UseRecordedEvery)
            {
                key.LastUsedAt = now;
                await db.SaveChangesAsync(cancellationToken);
            }

            return new(key.Id, key.Name, key.Role, key.Scopes ?? [], key.ExpiresAt);
        }
        catch (Exception e) when (e is NpgsqlException or InvalidOperationException { InnerException: NpgsqlException } or DbUpdateException { InnerException: NpgsqlException })
        {
            throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "keys-unavailable", "API keys cannot be checked",
                "The gateway's database does not answer, so no API key can be checked. Try again in a few seconds."), e);
        }
    }
}
