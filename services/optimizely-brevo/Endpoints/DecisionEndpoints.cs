using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.OptimizelyBrevo.DecisionEvents;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Endpoints;

/// <summary>What the SDK's notification listener got: <c>{ type, userId, attributes, decisionInfo }</c>, as it is.</summary>
internal sealed record DecisionInput
{
    /// <summary>Optional: told twice under one id, a decision counts once. Without it the content is the id.</summary>
    public string? Id { get; init; }

    /// <summary>feature, ab-test or flag; others are ignored, as in the seed's listener.</summary>
    public required string Type { get; init; }

    public required string UserId { get; init; }

    public IReadOnlyDictionary<string, JsonElement> Attributes { get; init; } = new Dictionary<string, JsonElement>();

    /// <summary>experimentKey, featureKey or flagKey, variationKey, featureEnabled or enabled, ruleKey, sourceInfo.</summary>
    public required IReadOnlyDictionary<string, JsonElement> DecisionInfo { get; init; }

    /// <summary>When it was made; without it, now.</summary>
    public DateTimeOffset? Timestamp { get; init; }
}

internal sealed record DecisionsInput
{
    public required string ConnectionId { get; init; }

    /// <summary>1 to 1000.</summary>
    public required IReadOnlyList<DecisionInput> Decisions { get; init; }
}

/// <summary>A recorded decision.</summary>
internal sealed record DecisionView(
    string Id, DecisionType Type, string UserId, string? Email, string? ExperimentKey, string? FeatureKey, string? VariationKey, bool Enabled, DateTimeOffset DecidedAt, DateTimeOffset ReceivedAt, string? SyncId);

/// <summary>Decisions told by REST (O5).</summary>
internal static class DecisionEndpoints
{
    private const int MostAtOnce = 1000;

    public static void MapDecisionEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/optimizely-brevo/decisions").WithTags("optimizely-brevo decisions").RequireAuthorization(Roles.Viewer);
        group.MapPost("/", RecordAsync).WithName("RecordDecisions")
            .WithSummary("Takes decisions as an SDK's notification listener gets them; their Brevo contacts are brought up to date within seconds.").RequireAuthorization(Roles.Operator);
        group.MapGet("/", ListAsync).WithName("ListDecisions").WithSummary("Decisions told lately, newest first.");
    }

    private static async Task<Results<Accepted<IntakeResult>, ProblemHttpResult>> RecordAsync(
        DecisionsInput input, OptimizelyBrevoDbContext db, SyncLeases leases, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        if (!await db.Connections.AnyAsync(row => row.Id == input.ConnectionId, cancellationToken))
        {
            return ConnectionEndpoints.Unknown(input.ConnectionId).ToResult();
        }

        var problems = new List<FieldProblem>();
        if (input.Decisions.Count is 0 or > MostAtOnce)
        {
            problems.Add(new("$.decisions", $"1 to {MostAtOnce} decisions are taken at once; {input.Decisions.Count} were given."));
        }

        var told = new List<ToldDecision>(input.Decisions.Count);
        for (var i = 0; i < input.Decisions.Count && problems.Count < 100; i++)
        {
            told.Add(Read(input.Decisions[i], $"$.decisions[{i}]", clock.GetUtcNow(), problems));
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid("The decisions", problems).ToResult();
        }

        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        var result = await DecisionIntake.RecordAsync(db, input.ConnectionId, told, http.CallerName(), clock, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        leases.Ring();
        return TypedResults.Accepted("/api/optimizely-brevo/syncs", result);
    }

    private static ToldDecision Read(DecisionInput decision, string path, DateTimeOffset now, List<FieldProblem> problems)
    {
        if (decision.UserId.Length is 0 or > 1000)
        {
            problems.Add(new($"{path}.userId", "A user id has 1 to 1000 characters."));
        }

        if (decision.Id is { Length: 0 or > 200 })
        {
            problems.Add(new($"{path}.id", "An id has 1 to 200 characters; left out, one is made of the decision."));
        }

        if (decision.Timestamp > now.AddDays(1))
        {
            problems.Add(new($"{path}.timestamp", "The time lies more than a day ahead; it would outdo all later decisions of the contact."));
        }

        var info = decision.DecisionInfo;
        // A feature's decision tells its experiment under sourceInfo.
        var source = info.TryGetValue("sourceInfo", out var given) && given.ValueKind == JsonValueKind.Object ? given : default;
        var experimentKey = Text("experimentKey") ?? TextIn(source, "experimentKey") ?? Text("ruleKey");
        var featureKey = Text("featureKey") ?? Text("flagKey");
        if (experimentKey is { Length: > 1000 } || featureKey is { Length: > 1000 })
        {
            problems.Add(new($"{path}.decisionInfo", "A key has at most 1000 characters."));
        }

        if (experimentKey is null && featureKey is null && DecisionIntake.TypeOf(decision.Type) is not null)
        {
            problems.Add(new($"{path}.decisionInfo", "experimentKey, featureKey or flagKey is needed."));
        }

        var email = decision.Attributes.TryGetValue("email", out var address) && address.ValueKind == JsonValueKind.String ? address.GetString() : null;
        var enabled = Boolean("featureEnabled") ?? Boolean("enabled") ?? false;
        return new(decision.Id, decision.Type, decision.UserId, email, experimentKey, featureKey, Text("variationKey") ?? TextIn(source, "variationKey"), enabled, decision.Timestamp ?? now);

        string? Text(string name) => info.TryGetValue(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        bool? Boolean(string name) => info.TryGetValue(name, out var value) && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;
        static string? TextIn(JsonElement element, string name) =>
            element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
    }

    private static async Task<Results<Ok<Page<DecisionView>>, ProblemHttpResult>> ListAsync(
        OptimizelyBrevoDbContext db, string connectionId, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var before = long.TryParse(after, out var sequence) ? sequence : long.MaxValue;
        var rows = await db.Decisions.AsNoTracking().Where(row => row.ConnectionId == connectionId && row.Sequence < before).OrderByDescending(row => row.Sequence).Take(limit + 1).ToListAsync(cancellationToken);
        var page = Page<DecisionEvent>.From(rows, limit, row => row.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture));
        return TypedResults.Ok(new Page<DecisionView>(
            [.. page.Items.Select(row => new DecisionView(
                row.Id, row.Type, row.UserId, row.Email, row.ExperimentKey, row.FeatureKey, row.VariationKey, row.Enabled, row.DecidedAt, row.ReceivedAt, row.SyncId))], page.Next));
    }
}
