using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;
using Platform.Credentials.Persistence;

namespace Platform.Credentials.Endpoints;

/// <summary>When secrets are old. Section <c>Ageing</c>.</summary>
internal sealed class AgeingOptions
{
    /// <summary>Days after which a secret that was not replaced is warned of; 90 is what most partners ask for.</summary>
    [Range(1, 36_500)]
    public int WarnAfterDays { get; set; } = 90;
}

/// <summary>Age of credentials, and what to warn of (C5).</summary>
internal sealed class Ageing(IOptions<AgeingOptions> options, TimeProvider clock)
{
    public int DaysOf(Credential credential) => Math.Max(0, (int)(clock.GetUtcNow() - credential.RotatedAt).TotalDays);

    public IEnumerable<string> WarningsOf(Credential credential, bool hasSecrets)
    {
        if (hasSecrets && DaysOf(credential) is var days && days >= options.Value.WarnAfterDays)
        {
            yield return $"The secret is {days} days old. Replace it with PUT /api/credentials/{credential.Id}, or ask its owner with POST /api/secret-requests; what uses it picks the new one up.";
        }

        if (credential is { LastTestSucceeded: false, LastTestedAt: { } tested })
        {
            yield return $"The test of {tested.UtcDateTime:yyyy-MM-dd HH:mm} UTC failed. POST /api/credentials/{credential.Id}/test says why.";
        }
    }
}
