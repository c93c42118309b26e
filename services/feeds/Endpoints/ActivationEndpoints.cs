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

internal static class ActivationEndpoints
{
    public static void MapActivationEndpoints(this IEndpointRouteBuilder app) =>
        app.MapPost("/api/feeds/{id}/activate", ActivateAsync).WithName("ActivateFeed").WithTags("feeds")
            .WithSummary("Put the draft in force: create or alter the domain table, optionally load the sample file").RequireAuthorization(Roles.Operator);

    private static async Task<Results<Ok<FeedView>, ProblemHttpResult>> ActivateAsync(
        string id, FeedsDbContext database, LoadSignal signal, TimeProvider clock, CancellationToken cancellationToken, ActivateFeed? how = null)
    {
        how ??= new();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        if (await database.LockFeedAsync(id, cancellationToken) is not { } feed)
        {
            return FeedRefusals.Unknown(id).ToResult();
        }

        if (feed.Draft.PrimaryKey.Count == 0)
        {
            return FeedRefusals.NoPrimaryKey.ToResult();
        }

        if (how.LoadSample && feed.SampleFileId is null)
        {
            return FeedRefusals.NoSample(id).ToResult();
        }

        var connection = (NpgsqlConnection)database.Database.GetDbConnection();
        if (!await connection.ScalarAsync<bool>($"select pg_try_advisory_xact_lock(hashtextextended({DomainTable.Literal(DomainTable.LockKey(id))}, 0))", cancellationToken))
        {
            return FeedRefusals.Busy(id).ToResult();
        }

        var present = feed.Active is null ? null : new DomainTable(feed.Id, feed.DomainTable, feed.Active);
        var cleared = await new TableActivation(connection).ApplyAsync(
            new(feed.Id, feed.DomainTable, feed.Draft), present, feed.TableRows, feed.Version + 1, new(how.ClearTable, how.DropColumns), cancellationToken);
        var now = clock.GetUtcNow();
        (feed.Active, feed.Version, feed.ActivatedAt, feed.UpdatedAt) = (feed.Draft, feed.Version + 1, now, now);
        feed.TableRows = cleared ? 0 : feed.TableRows;
        database.Publish(new FeedActivated { FeedId = feed.Id, Version = feed.Version, DomainTable = feed.DomainTable }, clock);
        var load = how.LoadSample ? SampleLoad(feed, now) : null;
        if (load is not null)
        {
            database.Loads.Add(load);
        }

        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        signal.Wake();
        return TypedResults.Ok(FeedView.Of(feed, load?.Id));
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
