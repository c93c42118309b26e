namespace Platform.Gateway.Oidc;

/// <summary>Whose OpenID Connect tokens are accepted as bearer tokens. Section <c>Oidc</c>; without an issuer none are.</summary>
internal sealed class OidcOptions
{
    /// <summary>The issuer as its tokens name it (<c>iss</c>), for example <c>https://login.example.com/tenant</c>. Its discovery document lies below <c>/.well-known/openid-configuration</c>.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>What a token's <c>aud</c> must hold.</summary>
    public string Audience { get; set; } = "";

    /// <summary>The claim that names the caller in <c>requestedBy</c> and the audit log. The default holds no personal data.</summary>
    public string NameClaim { get; set; } = "sub";

    /// <summary>The claim with the caller's roles or groups: a text or a list. A dotted name (<c>realm_access.roles</c>) reaches into objects.</summary>
    public string RoleClaim { get; set; } = "roles";

    /// <summary>The values of the role claim that stand for viewer, operator and admin, by role; by default each role's own name.</summary>
    public Dictionary<string, string[]> Roles { get; set; } = [];

    /// <summary>The claim whose scopes limit a token as an API key's do (<c>scope</c>, <c>scp</c>): a text with spaces between them, or a list. Empty: tokens are not limited.</summary>
    public string ScopeClaim { get; set; } = "";

    /// <summary>How the platform's scopes begin in that claim (<c>api://couriers/</c>). What begins otherwise (<c>openid</c>) is for others; without a prefix, what is not of the form <c>word:read</c> or <c>word:write</c>.</summary>
    public string ScopePrefix { get; set; } = "";

    /// <summary>How far the issuer's clock may be off.</summary>
    public TimeSpan ClockSkew { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>True when an issuer is named.</summary>
    public bool IsOn => Issuer.Length > 0;

    /// <summary>Throws <see cref="InvalidOperationException"/> with every problem.</summary>
    public void Check()
    {
        var problems = new List<string>();
        if (!Uri.TryCreate(Issuer, UriKind.Absolute, out var issuer) || !IsSafe(issuer))
        {
            problems.Add($"Oidc:Issuer is '{Issuer}', expected an https address (http only on this machine)");
        }

        if (Audience.Length == 0)
        {
            problems.Add("Oidc:Audience is missing: without it the issuer's tokens for any other program would be accepted");
        }

        problems.AddRange(Roles.Keys.Except(ServiceDefaults.Security.Roles.OfPeople).Select(role => $"Oidc:Roles names the role '{role}', expected {string.Join(", ", ServiceDefaults.Security.Roles.OfPeople)}"));
        if (ScopePrefix.Length > 0 && ScopeClaim.Length == 0)
        {
            problems.Add("Oidc:ScopePrefix is set, but Oidc:ScopeClaim is not: no token would be limited");
        }

        if (ClockSkew < TimeSpan.Zero || ClockSkew > TimeSpan.FromMinutes(5))
        {
            problems.Add($"Oidc:ClockSkew is {ClockSkew}, expected at most 5 minutes");
        }

        if (problems.Count > 0)
        {
            throw new InvalidOperationException($"{string.Join("; ", problems)}.");
        }
    }

    /// <summary>The highest role that any of the claim's values stands for, or null.</summary>
    public string? RoleOf(IReadOnlyCollection<string> values) =>
        ServiceDefaults.Security.Roles.OfPeople.LastOrDefault(role => (Roles.GetValueOrDefault(role) ?? [role]).Any(values.Contains));

    /// <summary>What of a token's scopes is the platform's; a token with any of these may do nothing else.</summary>
    public IReadOnlyList<string> LimitsIn(IEnumerable<string> scopes) => [.. scopes.Where(scope => ScopePrefix.Length > 0 ? scope.StartsWith(ScopePrefix, StringComparison.Ordinal) : Access.Scopes.LooksLikeOne(scope))
        .Select(scope => scope[ScopePrefix.Length..]).Distinct(StringComparer.Ordinal)];

    /// <summary>Keys must not travel where they can be exchanged on the way.</summary>
    public static bool IsSafe(Uri address) => address.Scheme == Uri.UriSchemeHttps || (address.Scheme == Uri.UriSchemeHttp && address.IsLoopback);
}
