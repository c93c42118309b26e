using System.Text.Json;
using Platform.ServiceDefaults;

namespace Platform.Gateway.Oidc;

/// <summary>
/// The issuer's keys: its discovery document and key set, fetched when first needed, again every hour, and when a token names a key that is not known, because issuers exchange keys
/// at any time; but never more often than every half minute, and less often while the issuer fails, so that made-up key names cost the issuer nothing. Known keys stay in use while it fails.
/// </summary>
internal sealed partial class IssuerKeys(OidcOptions options, IHttpClientFactory clients, TimeProvider clock, ILogger<IssuerKeys> logger) : IDisposable
{
    public const string ClientName = "oidc";

    private static readonly TimeSpan Kept = TimeSpan.FromHours(1);
    private static readonly TimeSpan BetweenFetches = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestRetry = TimeSpan.FromMinutes(5);

    private readonly SemaphoreSlim _fetching = new(1);
    private volatile Snapshot _known = new([], DateTimeOffset.MinValue, DateTimeOffset.MinValue, 0);

    /// <summary>The key a token names, or null when the issuer has none such. Throws <see cref="RefusedException"/> (503) while no key set has ever been got.</summary>
    public async Task<IssuerKey?> FindAsync(string algorithm, string? id, CancellationToken cancellationToken)
    {
        var known = _known;
        var found = known.Find(algorithm, id);
        var now = clock.GetUtcNow();
        if (now >= known.NextFetch && (found is null || now >= known.FetchedAt + Kept))
        {
            await _fetching.WaitAsync(cancellationToken);
            try
            {
                if (ReferenceEquals(known, _known))
                {
                    _known = await RenewAsync(known, cancellationToken);
                }
            }
            finally
            {
                _fetching.Release();
            }

            found = _known.Find(algorithm, id);
        }

        return found is null && _known.FetchedAt == DateTimeOffset.MinValue
            ? throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "issuer-unavailable", "Tokens cannot be checked",
                "The keys of the token issuer (setting Oidc:Issuer) cannot be fetched, so no token can be checked. Try again in a few seconds, or use an API key."))
            : found;
    }

    public void Dispose() => _fetching.Dispose();

    private async Task<Snapshot> RenewAsync(Snapshot known, CancellationToken cancellationToken)
    {
        try
        {
            var keys = await FetchAsync(cancellationToken);
            var now = clock.GetUtcNow();
            return new(keys, now, now + BetweenFetches, 0);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or FormatException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            var failures = known.Failures + 1;
            var wait = TimeSpan.FromTicks(Math.Min(LongestRetry.Ticks, FirstRetry.Ticks << Math.Min(failures - 1, 10)));
            IssuerFails(logger, e, options.Issuer, wait.TotalSeconds);
            return known with { NextFetch = clock.GetUtcNow() + wait, Failures = failures };
        }
    }

    private async Task<IReadOnlyList<IssuerKey>> FetchAsync(CancellationToken cancellationToken)
    {
        using var client = clients.CreateClient(ClientName);
        using var discovery = await GetAsync(client, new Uri($"{options.Issuer.TrimEnd('/')}/.well-known/openid-configuration"), cancellationToken);
        var issuer = JsonMembers.TextOf(discovery.RootElement, "issuer");
        if (issuer != options.Issuer)
        {
            throw new FormatException($"the discovery document is of the issuer '{issuer}'");
        }

        if (!Uri.TryCreate(JsonMembers.TextOf(discovery.RootElement, "jwks_uri"), UriKind.Absolute, out var address) || !OidcOptions.IsSafe(address))
        {
            throw new FormatException("the discovery document's jwks_uri is no https address");
        }

        using var set = await GetAsync(client, address, cancellationToken);
        var keys = IssuerKey.ReadSet(set.RootElement);
        return keys.Count > 0 ? keys : throw new FormatException("the key set holds no RSA or EC P-256 signing key");
    }

    private static async Task<JsonDocument> GetAsync(HttpClient client, Uri address, CancellationToken cancellationToken)
    {
        using var answer = await client.GetAsync(address, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return await JsonDocument.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), default, cancellationToken);
    }

    [LoggerMessage(EventId = 310, Level = LogLevel.Warning, Message = "The keys of the token issuer {Issuer} could not be fetched; trying again after {Seconds} s at the earliest")]
    private static partial void IssuerFails(ILogger logger, Exception exception, string issuer, double seconds);

    private sealed record Snapshot(IReadOnlyList<IssuerKey> Keys, DateTimeOffset FetchedAt, DateTimeOffset NextFetch, int Failures)
    {
        // A token without a key's name is acceptable only where there is nothing to choose.
        public IssuerKey? Find(string algorithm, string? id)
        {
            var fitting = Keys.Where(key => key.Algorithm == algorithm && (id is null || key.Id == id)).Take(2).ToList();
            return fitting.Count == 1 ? fitting[0] : null;
        }
    }
}
