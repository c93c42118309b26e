using Platform.OptimizelyBrevo.Connections;

namespace Platform.OptimizelyBrevo.Partners;

/// <summary>
/// How many calls a partner allows one token: at most <see cref="Burst"/> at once and <see cref="PerSecond"/> on average, so that no window of the partner's ever holds more
/// than it allows, wherever it begins: burst + rate × window stays within the limit.
/// </summary>
internal sealed record Budget(string Key, double PerSecond, double Burst)
{
    private const double Minute = 60;
    private const double Hour = 3600;

    /// <summary>Optimizely's REST API: 50 calls a minute for each token.</summary>
    public static Budget OptimizelyRest(string token) => Within($"optimizely:{token}:rest", 50, Minute, burst: 10);

    /// <summary>Its results: 10 calls a minute, counted among the 50 as well.</summary>
    public static Budget OptimizelyResults(string token) => Within($"optimizely:{token}:results", 10, Minute, burst: 3);

    /// <summary>Brevo's <c>/contacts/…</c>: 10, 20 or 60 calls a second by tier; the hourly limits are wider than that.</summary>
    public static Budget BrevoContacts(string token, BrevoTier tier) => Within($"brevo:{token}:contacts", PerSecondOf(tier), 1, burst: PerSecondOf(tier) / 10);

    /// <summary>Brevo's <c>/events…</c>: as many again.</summary>
    public static Budget BrevoEvents(string token, BrevoTier tier) => Within($"brevo:{token}:events", PerSecondOf(tier), 1, burst: PerSecondOf(tier) / 10);

    /// <summary>All other endpoints of Brevo: 100, 200 or 600 calls an hour.</summary>
    public static Budget BrevoOther(string token, BrevoTier tier) => tier switch
    {
        BrevoTier.Advanced => Within($"brevo:{token}:other", 200, Hour, burst: 40),
        BrevoTier.Extended => Within($"brevo:{token}:other", 600, Hour, burst: 120),
        _ => Within($"brevo:{token}:other", 100, Hour, burst: 20),
    };

    private static double PerSecondOf(BrevoTier tier) => tier switch
    {
        BrevoTier.Advanced => 20,
        BrevoTier.Extended => 60,
        _ => 10,
    };

    private static Budget Within(string key, double calls, double seconds, double burst) => new(key, (calls - burst) / seconds, burst);
}
