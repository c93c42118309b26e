using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Couriers.Definitions;
using Platform.Couriers.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

/// <summary>How files are loaded into a feed (F8).</summary>
public enum LoadType
{
    /// <summary>Existing records are updated, others inserted.</summary>
    Upsert,

    /// <summary>All records are deleted, then those of the files inserted.</summary>
    TruncateAndUpsert,
}

/// <summary>A choice of how one feed is loaded.</summary>
public sealed record LoadTypeInput
{
    /// <summary>upsert or truncateAndUpsert.</summary>
    public LoadType? LoadType { get; init; }

    /// <summary>The file tag that is loaded.</summary>
    public string? File { get; init; }
}

/// <summary>Choosing a load type writes the courier's load operations (F8), for those who do not write them by hand.</summary>
internal static class LoadTypeEndpoints
{
    private const int MaxTag = 200;

    public static void MapLoadTypes(this WebApplication app) =>
        app.MapPut("/api/couriers/{id}/load-types/{feedId}", Choose).RequireAuthorization(Roles.Operator).WithTags("couriers")
            .WithName("ChooseLoadType").WithSummary("Choose upsert, or truncate and upsert, for a feed: writes the courier's load operations of this feed");

    private static async Task<Results<Ok<CourierView>, ProblemHttpResult>> Choose(
        string id, string feedId, LoadTypeInput input, CouriersDbContext context, DefinitionReader reader, CourierCheck check, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        var problems = new List<FieldProblem>();
        if (input.LoadType is null)
        {
            problems.Add(new("$.loadType", "Missing. Expected upsert or truncateAndUpsert."));
        }

        if (string.IsNullOrWhiteSpace(input.File) || input.File.Length > MaxTag)
        {
            problems.Add(new("$.file", $"Expected the file tag that is loaded, of at most {MaxTag} characters, for example users."));
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid("The load type", problems).ToResult();
        }

        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var courier = await context.Couriers.FromSql($"select * from couriers where id = {id} for update").SingleOrDefaultAsync(cancellationToken);
        if (courier is null)
        {
            return CourierEndpoints.UnknownCourier(id).ToResult();
        }

        var operations = JsonNode.Parse(courier.LoadOperations)!.AsObject();
        var load = new JsonObject { ["type"] = "load", ["file"] = input.File };
        operations[feedId] = input.LoadType == LoadType.Upsert ? new JsonArray(load) : new JsonArray(new JsonObject { ["type"] = "truncate" }, load);
        courier.LoadOperations = operations.ToJsonString();
        var findings = new Findings();
        if (reader.Read(courier.Written(), findings) is not { } definition || findings.Problems.Count > 0)
        {
            return Refusal.Invalid("The load type", findings.Problems).ToResult();
        }

        (courier.UpdatedAt, courier.UpdatedBy) = (clock.GetUtcNow(), http.CallerName());
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        await check.FeedsAsync(definition, findings.Warning, findings, cancellationToken);
        return TypedResults.Ok(CourierView.Of(courier, findings.Warnings));
    }
}
