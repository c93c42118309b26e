using Amazon.Runtime;

namespace Platform.Files.Locations.S3;

/// <summary>
/// Temporary keys, got anew before they run out, however long the run (R7). While the old ones last, a giver that does not answer is no fault. Of our own, because the SDK's base class gets new keys at every call
/// once they are close to their end, and asks for key and token of one request by separate calls.
/// </summary>
internal sealed class BoughtKeys(Func<CancellationToken, Task<TemporaryKeys>> buy, TimeProvider clock) : AWSCredentials
{
    private static readonly TimeSpan Early = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(10);

    private readonly SemaphoreSlim _buying = new(1, 1);
    private volatile Held? _held;

    public override ImmutableCredentials GetCredentials() => GetCredentialsAsync().GetAwaiter().GetResult();

    public override async Task<ImmutableCredentials> GetCredentialsAsync()
    {
        if (_held is { } held && clock.GetUtcNow() < held.RenewAt)
        {
            return held.Keys;
        }

        await _buying.WaitAsync();
        try
        {
            var now = clock.GetUtcNow();
            if (_held is { } other && now < other.RenewAt)
            {
                return other.Keys;
            }

            return (_held = await RenewAsync(now)).Keys;
        }
        finally
        {
            _buying.Release();
        }
    }

    private async Task<Held> RenewAsync(DateTimeOffset now)
    {
        try
        {
            var keys = await buy(CancellationToken.None);

            // Keys for a few minutes only are renewed when half of that is over.
            var lasting = keys.ExpiresAt - now;
            var renewAt = now + (lasting > 2 * Early ? lasting - Early : lasting / 2);
            return new(new(keys.AccessKey, keys.SecretKey, keys.SessionToken), renewAt, keys.ExpiresAt);
        }
        catch (Exception e) when (_held is { } old && now < old.ExpiresAt && (S3Faults.IsFault(e) || e is LocationException { IsTransient: true }))
        {
            return old with { RenewAt = now + AskAgain };
        }
    }

    private sealed record Held(ImmutableCredentials Keys, DateTimeOffset RenewAt, DateTimeOffset ExpiresAt);
}
