using System.Diagnostics;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Contracts.Feeds;
using Platform.Feeds.Definitions;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>How to activate a feed.</summary>
public sealed record ActivateFeed
{
    /// <summary>Load the sample file at once.</summary>
    public bool LoadSample { get; init; }

    /// <summary>The table's rows may be removed when the draft does not fit them; they must then be loaded again.</summary>
    public bool ClearTable { get; init; }

    /// <summary>Columns of fields the draft no longer has may be dropped with their values.</summary>
    public bool DropColumns { get; init; }
}

/// <summary>What an activation would do.</summary>
public sealed record ActivationPreview
{
    /// <summary>What happens to the rows.</summary>
    public required TableAction Action { get; init; }

    /// <summary>What happens to the table, step by step.</summary>
    public required IReadOnlyList<string> Steps { get; init; }

    /// <summary>Fields that get no column of their own, because a row would not fit a page of PostgreSQL: they share the column <c>_more</c>, one jsonb object.</summary>
    public required IReadOnlyList<string> Beyond { get; init; }

    /// <summary>Rows of the table at present.</summary>
    public required long Rows { get; init; }

    /// <summary>What speaks against it; with any of these the activation is refused.</summary>
    public required IReadOnlyList<FieldProblem> Problems { get; init; }
}

internal static class ActivationEndpoints
{
    public static void MapActivationEndpoints(this IEndpointRouteBuilder app)
    {
        app.MapPost("/api/feeds/{id}/activate", ActivateAsync).WithName("ActivateFeed").WithTags("feeds")
            .WithSummary("Put the draft in force: create or alter the domain table, optionally load the sample file").RequireAuthorization(Roles.Operator);
        app.MapPost("/api/feeds/{id}/activation-preview", PreviewAsync).WithName("PreviewFeedActivation").WithTags("feeds")
            .WithSummary("What the activation would do to the domain table, and what speaks against it; nothing is changed").RequireAuthorization(Roles.Operator);
    }

    private static async Task<Results<Ok<ActivationPreview>, ProblemHttpResult>> PreviewAsync(
        string id, FeedsDbContext database, CancellationToken cancellationToken, ActivateFeed? how = null)
    {
        how ??= new();
        if (await database.Feeds.AsNoTracking().FirstOrDefaultAsync(feed => feed.Id == id, cancellationToken) is not { } feed)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        if (Unfit(feed, how) is { } refusal)
        {
            return refusal.ToResult();
        }

        await database.Database.OpenConnectionAsync(cancellationToken);
        var plan = await PlanAsync((NpgsqlConnection)database.Database.GetDbConnection(), feed, how, cancellationToken);
        return TypedResults.Ok(new ActivationPreview { Action = plan.Action, Steps = plan.Steps, Beyond = plan.Wanted.Beyond, Rows = feed.TableRows, Problems = plan.Problems });
    }

    private static Refusal? Unfit(Feed feed, ActivateFeed how) =>
        feed.Draft.PrimaryKey.Count == 0 && !feed.Draft.Keyless ? FeedRefusals.NoPrimaryKey
        : how.LoadSample && feed.SampleFileId is null ? FeedRefusals.NoSample(feed.Id)
        : null;

    private static Task<ActivationPlan> PlanAsync(NpgsqlConnection connection, Feed feed, ActivateFeed how, CancellationToken cancellationToken) => ActivationPlan.MakeAsync(
        connection, feed, feed.Draft, new(how.ClearTable, how.DropColumns), cancellationToken);

    internal static async Task<Results<Ok<FeedView>, ProblemHttpResult>> ActivateAsync(
        string id, FeedsDbContext database, LoadSignal signal, TimeProvider clock, CancellationToken cancellationToken, ActivateFeed? how = null)
    {
        how ??= new();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await database.LockFeedAsync(id, cancellationToken) is not { } feed)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        if (await ApplyAsync(database, feed, how, clock, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        var load = how.LoadSample ? SampleLoad(feed, clock.GetUtcNow()) : null;
        if (load is not null)
        {
            database.Loads.Add(load);
        }

        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Ok(FeedView.Of(feed, load?.Id));
    }

    /// <summary>Puts the draft of a locked feed in force, as part of the caller's transaction; or says why not.</summary>
    internal static async Task<Refusal?> ApplyAsync(FeedsDbContext database, Feed feed, ActivateFeed how, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (Unfit(feed, how) is { } refusal)
        {
            return refusal;
        }

        var connection = (NpgsqlConnection)database.Database.GetDbConnection();
        if (!await connection.ScalarAsync<bool>($"select pg_try_advisory_xact_lock(hashtextextended({DomainTable.Literal(DomainTable.LockKey(feed.Id))}, 0))", cancellationToken))
        {
            return FeedRefusals.Busy(feed.Id);
        }

        var plan = await PlanAsync(connection, feed, how, cancellationToken);
        plan.MustBePossible(feed);
        await new TableActivation(connection, clock).ApplyAsync(plan, feed.Table, feed.Version + 1, cancellationToken);
        var now = clock.GetUtcNow();
        (feed.Active, feed.Beyond) = (feed.Draft, [.. plan.Wanted.Beyond]);
        (feed.Version, feed.ActivatedAt, feed.UpdatedAt, feed.DeactivatedAt) = (feed.Version + 1, now, now, null);
        feed.TableRows = plan.Action == TableAction.Clear ? 0 : feed.TableRows;
        database.Publish(new FeedActivated { FeedId = feed.Id, Version = feed.Version, DomainTable = feed.DomainTable }, clock);
        return null;
    }

    private static Load SampleLoad(Feed feed, DateTimeOffset now) => new()
    {
        Id = PublicId.Sequential("ld"),
        FeedId = feed.Id,
        SampleFileId = feed.SampleFileId,
        Tags = [],
        TraceParent = Activity.Current?.Id,
        CreatedAt = now,
    };
}
