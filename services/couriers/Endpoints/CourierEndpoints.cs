using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.Couriers.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

internal static class CourierEndpoints
{
    private const int MaxNameLength = 200;
    private const string EmptyObject = "{}";

    public static void MapCourierDefinitions(this WebApplication app)
    {
        var couriers = app.MapGroup("/api/couriers").RequireAuthorization(Roles.Viewer).WithTags("couriers");
        couriers.MapPost("", Create).RequireAuthorization(Roles.Operator).WithName("CreateCourier").WithSummary("Create a courier");
        couriers.MapGet("", List).WithName("ListCouriers").WithSummary("Couriers by id");
        couriers.MapGet("/{id}", Get).WithName("GetCourier").WithSummary("One courier");
        couriers.MapPut("/{id}", Replace).RequireAuthorization(Roles.Operator).WithName("ReplaceCourier").WithSummary("Replace a courier's definition");
        couriers.MapDelete("/{id}", Delete).RequireAuthorization(Roles.Operator).WithName("DeleteCourier").WithSummary("Delete a courier; its feeds, landed files and runs stay");
        couriers.MapPost("/{id}/validate", Validate).RequireAuthorization(Roles.Operator).WithName("ValidateCourier").WithSummary("Try a courier out: structure, feeds, connection");
    }

    internal static Refusal UnknownCourier(string id) => Refusal.NotFound("courier", id, "GET /api/couriers lists them.");

    private static async Task<Results<Created<CourierView>, ProblemHttpResult>> Create(
        CourierInput input, CouriersDbContext context, DefinitionReader reader, CourierCheck check, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        var findings = new Findings();
        var definition = Read(input, reader, findings);
        if (definition is null || findings.Problems.Count > 0)
        {
            return Refusal.Invalid("The courier", findings.Problems).ToResult();
        }

        var courier = New(PublicId.Short("cr"), input, http.CallerName(), clock.GetUtcNow());
        context.Couriers.Add(courier);
        if (await SaveAsync(context, courier.Name, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        await check.FeedsAsync(definition, findings.Warning, findings, cancellationToken);
        return TypedResults.Created($"/api/couriers/{courier.Id}", CourierView.Of(courier, findings.Warnings));
    }

    private static async Task<Results<Ok<Page<CourierView>>, ProblemHttpResult>> List(CouriersDbContext context, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var couriers = await context.Couriers.AsNoTracking().Where(courier => after == null || string.Compare(courier.Id, after) > 0)
            .OrderBy(courier => courier.Id).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<CourierView>.From([.. couriers.Select(courier => CourierView.Of(courier))], limit, courier => courier.Id));
    }

    private static async Task<Results<Ok<CourierView>, ProblemHttpResult>> Get(string id, CouriersDbContext context, CancellationToken cancellationToken) =>
        await context.Couriers.AsNoTracking().SingleOrDefaultAsync(courier => courier.Id == id, cancellationToken) is { } courier
            ? TypedResults.Ok(CourierView.Of(courier))
            : UnknownCourier(id).ToResult();

    private static async Task<Results<Ok<CourierView>, ProblemHttpResult>> Replace(
        string id, CourierInput input, CouriersDbContext context, DefinitionReader reader, CourierCheck check, HttpContext http, TimeProvider clock, CancellationToken cancellationToken)
    {
        var courier = await context.Couriers.SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (courier is null)
        {
            return UnknownCourier(id).ToResult();
        }

        var findings = new Findings();
        var definition = Read(input, reader, findings);
        if (definition is null || findings.Problems.Count > 0)
        {
            return Refusal.Invalid("The courier", findings.Problems).ToResult();
        }

        if (await OfImportJobAsync(id, context, cancellationToken) is { } belongs)
        {
            return belongs.ToResult();
        }

        Take(courier, input, http.CallerName(), clock.GetUtcNow());
        if (await SaveAsync(context, courier.Name, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        await check.FeedsAsync(definition, findings.Warning, findings, cancellationToken);
        return TypedResults.Ok(CourierView.Of(courier, findings.Warnings));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> Delete(string id, CouriersDbContext context, CancellationToken cancellationToken)
    {
        if (await context.Runs.AnyAsync(run => run.CourierId == id && (run.State == RunState.Running || run.State == RunState.Queued), cancellationToken))
        {
            return Refusal.Conflict("courier-running", "The courier is running", $"The courier '{id}' has a run that has not ended. Wait for it, or cancel it with POST /api/courier-runs/{{id}}/cancel.").ToResult();
        }

        if (await OfImportJobAsync(id, context, cancellationToken) is { } refusal)
        {
            return refusal.ToResult();
        }

        return await context.Couriers.Where(courier => courier.Id == id).ExecuteDeleteAsync(cancellationToken) == 0 ? UnknownCourier(id).ToResult() : TypedResults.NoContent();
    }

    private static async Task<Results<Ok<CourierValidation>, ProblemHttpResult>> Validate(
        string id, CouriersDbContext context, DefinitionReader reader, CourierCheck check, CancellationToken cancellationToken)
    {
        var courier = await context.Couriers.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (courier is null)
        {
            return UnknownCourier(id).ToResult();
        }

        var findings = new Findings();
        if (reader.Read(courier.Written(), findings) is { } definition)
        {
            await check.SourceAsync(courier, definition, findings, cancellationToken);
            await check.FeedsAsync(definition, findings.Problem, findings, cancellationToken);
        }

        var first = findings.Problems.FirstOrDefault();
        return TypedResults.Ok(new CourierValidation(first is null, first?.Problem ?? "Connection successful", findings.Problems, findings.Warnings));
    }

    // Its definition is made of the job's.
    private static async Task<Refusal?> OfImportJobAsync(string id, CouriersDbContext context, CancellationToken cancellationToken) =>
        await context.ImportJobs.Where(job => job.CourierId == id).Select(job => job.Id).SingleOrDefaultAsync(cancellationToken) is { } job
            ? Refusal.Conflict("courier-of-import-job", "The courier belongs to an import job", $"The courier '{id}' does the work of the import job '{job}'. Change or delete that with /api/import-jobs/{job}.")
            : null;

    internal static Courier New(string id, CourierInput input, string caller, DateTimeOffset now) => new()
    {
        Id = id,
        Name = input.Name!.Trim(),
        SourceType = input.SourceType!,
        CredentialId = input.CredentialId!,
        Settings = input.Settings!.Value.GetRawText(),
        Entities = Text(input.Entities),
        LoadOperations = Text(input.LoadOperations) ?? EmptyObject,
        CreatedAt = now,
        UpdatedAt = now,
        UpdatedBy = caller,
    };

    internal static void Take(Courier courier, CourierInput input, string caller, DateTimeOffset now)
    {
        courier.Name = input.Name!.Trim();
        courier.SourceType = input.SourceType!;
        courier.CredentialId = input.CredentialId!;
        courier.Settings = input.Settings!.Value.GetRawText();
        courier.Entities = Text(input.Entities);
        courier.LoadOperations = Text(input.LoadOperations) ?? EmptyObject;
        courier.UpdatedAt = now;
        courier.UpdatedBy = caller;
    }

    internal static CourierDefinition? Read(CourierInput input, DefinitionReader reader, Findings findings)
    {
        if (string.IsNullOrWhiteSpace(input.Name) || input.Name.Trim().Length > MaxNameLength)
        {
            findings.Problem("$.name", string.IsNullOrWhiteSpace(input.Name) ? "is missing; expected a name, for example \"Optimizely\"." : $"has more than {MaxNameLength} characters.");
        }

        if (string.IsNullOrWhiteSpace(input.CredentialId))
        {
            findings.Problem("$.credentialId", "is missing; expected the id of a credential, for example \"cred-k3f9ax2m\".");
        }

        return reader.Read(new() { SourceType = input.SourceType, Settings = input.Settings, Entities = input.Entities, LoadOperations = input.LoadOperations }, findings);
    }

    private static string? Text(JsonElement? json) => json is { ValueKind: not (JsonValueKind.Null or JsonValueKind.Undefined) } value ? value.GetRawText() : null;

    internal static async Task<Refusal?> SaveAsync(CouriersDbContext context, string name, CancellationToken cancellationToken)
    {
        try
        {
            await context.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation })
        {
            return Refusal.Conflict("name-taken", "The name is taken", $"There is already a courier named '{name}'. Choose another name.");
        }
    }
}
