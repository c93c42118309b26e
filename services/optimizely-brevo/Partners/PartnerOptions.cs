namespace Platform.OptimizelyBrevo.Partners;

/// <summary>Where the partners are. Section <c>Partners</c>; the defaults are the real ones.</summary>
internal sealed class PartnerOptions
{
    public string OptimizelyApi { get; set; } = "https://api.optimizely.com/v2/";

    public string OptimizelyCdn { get; set; } = "https://cdn.optimizely.com/";

    public string OptimizelyOAuth { get; set; } = "https://app.optimizely.com/oauth2/token";

    public string OptimizelyEvents { get; set; } = "https://logx.optimizely.com/v1/events";

    public string OptimizelyEventsEu { get; set; } = "https://eu.logx.optimizely.com/v1/events";

    public string BrevoApi { get; set; } = "https://api.brevo.com/v3/";

    /// <summary>Longest wait for one answer. Brevo's imports and Optimizely's results take their time.</summary>
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>First pause before a failed call is repeated; it doubles each time.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Between two looks at Brevo's import processes: they count among the scarce other calls.</summary>
    public TimeSpan ProcessPoll { get; set; } = TimeSpan.FromSeconds(45);

    /// <summary>Between two looks at results that Optimizely is still computing.</summary>
    public TimeSpan ResultsPoll { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>Results younger than this are served from the cache.</summary>
    public TimeSpan ResultsAge { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Every address that is not HTTPS, when the operator did not allow that.</summary>
    public IEnumerable<string> Insecure() =>
        new[] { OptimizelyApi, OptimizelyCdn, OptimizelyOAuth, OptimizelyEvents, OptimizelyEventsEu, BrevoApi }.Where(address => !address.StartsWith("https://", StringComparison.Ordinal));
}
