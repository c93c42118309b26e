using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Couriers.Definitions;
using Platform.Couriers.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

/// <summary>Couriers that sister services set up for a feature of theirs, under an id they chose: saying it again replaces the definition and never makes a second one.</summary>
internal static class CourierSetupEndpoints
{
    public static void MapCourierSetup(this WebApplication app) => app.MapPut("/internal/couriers/{id}", Ensure).RequireAuthorization(Roles.Service);

    private static async Task<Results<Ok<CourierView>, ProblemHttpResult>> Ensure(
        string id, CourierInput input, CouriersDbContext context, DefinitionReader reader, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        var findings = new Findings();
        if (CourierEndpoints.Read(input, reader, findings) is null || findings.Problems.Count > 0)
        {
            return Refusal.Invalid("The courier", findings.Problems).ToResult();
        }

        var courier = await context.Couriers.SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (courier is null)
        {
            courier = CourierEndpoints.New(id, input, http.CallerName(), clock.GetUtcNow());
            context.Couriers.Add(courier);
        }
        else
        {
            CourierEndpoints.Take(courier, input, http.CallerName(), clock.GetUtcNow());
        }

        return await CourierEndpoints.SaveAsync(context, courier.Name, cancellationToken) is { } refusal ? refusal.ToResult() : TypedResults.Ok(CourierView.Of(courier, findings.Warnings));
    }
}
