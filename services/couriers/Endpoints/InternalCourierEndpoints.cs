using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Couriers.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

/// <summary>What sister services ask about couriers.</summary>
internal static class InternalCourierEndpoints
{
    private const int MostIds = 10_000;

    public static void MapInternalCouriers(this WebApplication app) => app.MapPost("/internal/couriers/resolve", Resolve).RequireAuthorization(Roles.Service);

    private static async Task<Results<Ok<ResolvedCouriers>, ProblemHttpResult>> Resolve(CouriersToResolve request, CouriersDbContext context, CancellationToken cancellationToken)
    {
        if (request.Ids.Count > MostIds)
        {
            return Refusal.Invalid("The request", [new("$.ids", $"Has {request.Ids.Count} ids; at most {MostIds}.")]).ToResult();
        }

        var ids = request.Ids.Distinct(StringComparer.Ordinal).ToArray();
        var known = await context.Couriers.Where(courier => ids.Contains(courier.Id)).Select(courier => courier.Id).ToListAsync(cancellationToken);
        return TypedResults.Ok(new ResolvedCouriers([.. ids.Except(known)]));
    }

    private sealed record CouriersToResolve(IReadOnlyList<string> Ids);

    private sealed record ResolvedCouriers(IReadOnlyList<string> Missing);
}
