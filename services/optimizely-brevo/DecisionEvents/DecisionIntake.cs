using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;

namespace Platform.OptimizelyBrevo.DecisionEvents;

/// <summary>A decision as it was told, read but not yet stored.</summary>
internal sealed record ToldDecision(
    string? Id, string Type, string UserId, string? Email, string? ExperimentKey, string? FeatureKey, string? VariationKey, bool Enabled, DateTimeOffset DecidedAt,
    string? EmailSha256 = null);

/// <summary>What became of told decisions.</summary>
/// <param name="Recorded">New ones; their contacts are brought up to date within seconds.</param>
/// <param name="Repeated">Told before.</param>
/// <param name="Ignored">Of another type than feature, ab-test and flag.</param>
internal sealed record IntakeResult(int Recorded, int Repeated, int Ignored);

/// <summary>Stores decisions (O5), each once, and sees to it that a sync takes them.</summary>
internal static class DecisionIntake
{
    public static async Task<IntakeResult> RecordAsync(OptimizelyBrevoDbContext db, string connectionId, IReadOnlyList<ToldDecision> told, string requestedBy, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var recorded = 0;
        var ignored = 0;
        foreach (var decision in told)
        {
            if (TypeOf(decision.Type) is not { } type)
            {
                ignored++;
                continue;
            }

            var (id, typeText, email) = (decision.Id ?? IdOf(decision), type.ToString(), ContactAddress.Of(decision.Email, decision.UserId));
            var (experiment, feature) = (Some(decision.ExperimentKey), Some(decision.FeatureKey));
            recorded += await db.Database.ExecuteSqlAsync($"""
                insert into decisions (id, connection_id, type, user_id, email, email_sha256, experiment_key, feature_key, variation_key, enabled, decided_at, received_at)
                values ({id}, {connectionId}, {typeText}, {decision.UserId}, {email}, {Some(decision.EmailSha256)?.ToLowerInvariant()}, {experiment}, {feature}, {Some(decision.VariationKey)}, {decision.Enabled}, {decision.DecidedAt.ToUniversalTime()}, {now})
                on conflict do nothing
                """, cancellationToken);
        }

        if (recorded > 0)
        {
            await SyncQueue.AddUnlessWaitingAsync(db, connectionId, SyncScope.Decisions, new(), requestedBy, clock, cancellationToken);
        }

        return new(recorded, told.Count - recorded - ignored, ignored);
    }

    public static DecisionType? TypeOf(string type) => type switch
    {
        "feature" => DecisionType.Feature,
        "ab-test" => DecisionType.AbTest,
        "flag" => DecisionType.Flag,
        // What SDKs of older versions call an experiment on a feature.
        "feature-test" => DecisionType.Feature,
        _ => null,
    };

    private static string? Some(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private static string IdOf(ToldDecision told) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        string.Join('\n', told.Type, told.UserId, told.Email ?? told.EmailSha256, told.ExperimentKey, told.FeatureKey, told.VariationKey, told.Enabled, told.DecidedAt.ToUnixTimeMilliseconds()))));
}
