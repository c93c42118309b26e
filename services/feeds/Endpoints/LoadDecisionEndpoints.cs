using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Failures;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>Why a held load is rejected.</summary>
public sealed record RejectLoad
{
    /// <summary>For those who read the load history; at most 500 characters.</summary>
    public string? Why { get; init; }
}

/// <summary>What a person decides about loads that are held (F8).</summary>
internal static class LoadDecisionEndpoints
{
    private const int MaxWhy = 500;

    public static void MapLoadDecisionEndpoints(this IEndpointRouteBuilder app)
    {
        var loads = app.MapGroup("/api/loads/{id}").WithTags("loads").RequireAuthorization(Roles.Operator);
        loads.MapPost("/approve", ApproveAsync).WithName("ApproveLoad").WithSummary("Let a held truncate go on: it is loaded again, whatever it costs the table");
        loads.MapPost("/reject", RejectAsync).WithName("RejectLoad").WithSummary("End a held truncate; the table stays as it is");
    }

    private static async Task<Results<Ok<LoadView>, ProblemHttpResult>> ApproveAsync(string id, FeedsDbContext database, LoadSignal signal, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var (load, refusal) = await HeldAsync(database, id, cancellationToken);
        if (load is null)
        {
            return refusal!.ToResult();
        }

        (load.State, load.Phase, load.TruncateApproved, load.Reason) = (LoadState.Queued, "waiting", true, null);
        return TypedResults.Ok(await DecideAsync(database, load, signal, cancellationToken));
    }

    private static async Task<Results<Ok<LoadView>, ProblemHttpResult>> RejectAsync(
        string id, FeedsDbContext database, LoadSignal signal, TimeProvider clock, CancellationToken cancellationToken, RejectLoad? how = null)
    {
        if (how?.Why?.Length > MaxWhy)
        {
            return Refusal.Invalid("The load cannot be rejected", [new("$.why", $"{how.Why.Length} characters; at most {MaxWhy} are kept.")]).ToResult();
        }

        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var (load, refusal) = await HeldAsync(database, id, cancellationToken);
        if (load is null)
        {
            return refusal!.ToResult();
        }

        (load.State, load.Phase, load.Failure, load.EndedAt, load.TableRows) = (LoadState.Failed, "done", FailureCategory.BadFile, clock.GetUtcNow(), null);
        load.Reason = $"The truncate was rejected; the table is as it was.{(string.IsNullOrWhiteSpace(how?.Why) ? "" : $" Reason given: {how.Why}")} It was held because: {load.Reason}";
        database.Publish(LoadAnnouncements.Of(load, "")!, clock);
        return TypedResults.Ok(await DecideAsync(database, load, signal, cancellationToken));
    }

    private static async Task<(Load? Load, Refusal? Refusal)> HeldAsync(FeedsDbContext database, string id, CancellationToken cancellationToken)
    {
        var load = await database.Loads.FromSql($"select * from loads where id = {id} for update").SingleOrDefaultAsync(cancellationToken);
        return load switch
        {
            null => (null, LoadEndpoints.Unknown(id)),
            { State: LoadState.Held } => (load, null),
            _ => (null, Refusal.Conflict("load-not-held", "The load is not held", $"The load {id} is {load.State.ToString().ToLowerInvariant()}; only a held one can be approved or rejected.")),
        };
    }

    private static async Task<LoadView> DecideAsync(FeedsDbContext database, Load load, LoadSignal signal, CancellationToken cancellationToken)
    {
        await database.SaveChangesAsync(cancellationToken);
        var table = await database.Feeds.Where(feed => feed.Id == load.FeedId).Select(feed => feed.DomainTable).FirstAsync(cancellationToken);
        await database.Database.CurrentTransaction!.CommitAsync(cancellationToken);
        signal.Wake();
        return LoadView.Of(load, table);
    }
}
