using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Credentials.MasterKeys;
using Platform.Credentials.Persistence;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>The master keys (C2): which there are, and changing over to a new one.</summary>
internal static class MasterKeyEndpoints
{
    public static void MapMasterKeys(this WebApplication app)
    {
        var group = app.MapGroup("/api/master-keys").WithTags("credentials").RequireAuthorization(Roles.Admin);
        group.MapGet("/", GetAsync).WithName("GetMasterKeys").WithSummary("The generations of master keys, how many secrets each wraps, and the latest rotation. Never a key.");
        group.MapPost("/rotation", RotateAsync).WithName("RotateMasterKey")
            .WithSummary("Reads the keys again and wraps every data key anew with the highest generation, in the background while everything runs.").ProducesProblem(409);
    }

    private static async Task<Ok<MasterKeysView>> GetAsync(CredentialsDbContext db, KeyRing keys, CancellationToken cancellationToken) => TypedResults.Ok(await ViewAsync(db, keys, cancellationToken));

    private static async Task<Results<Accepted<MasterKeysView>, ProblemHttpResult>> RotateAsync(
        CredentialsDbContext db, KeyRing keys, RewrapWorker worker, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        try
        {
            keys.Reload();
            await KeysAtStart.CheckAsync(db, keys, cancellationToken);
        }
        catch (InvalidOperationException e)
        {
            return Refusal.Conflict("master-keys-unusable", "The master keys cannot be used", e.Message).ToResult();
        }

        var now = clock.GetUtcNow();
        var target = keys.Current;
        db.KeyRotations.Add(new() { TargetGeneration = target, RequestedBy = http.CallerName(), RequestedAt = now });
        db.Audit("", "", AuditedAction.KeysRotated, http.CallerName(), now, $"to generation {target}");
        await db.SaveChangesAsync(cancellationToken);
        worker.Wake();
        return TypedResults.Accepted("/api/master-keys", await ViewAsync(db, keys, cancellationToken));
    }

    private static async Task<MasterKeysView> ViewAsync(CredentialsDbContext db, KeyRing keys, CancellationToken cancellationToken)
    {
        var wrapping = await db.Set<SealedSecret>().GroupBy(secret => secret.MasterGeneration).ToDictionaryAsync(group => group.Key, group => group.Count(), cancellationToken);
        var rotation = await db.KeyRotations.AsNoTracking().OrderByDescending(row => row.Id).FirstOrDefaultAsync(cancellationToken);
        return new(
            keys.Current,
            [.. keys.Generations.Union(wrapping.Keys).Order().Select(generation => new MasterKeyView(generation, keys.Generations.Contains(generation), wrapping.GetValueOrDefault(generation)))],
            rotation is null ? null : new(rotation.TargetGeneration, rotation.RequestedBy, rotation.RequestedAt, rotation.CompletedAt, rotation.Rewrapped, rotation.Unreadable));
    }
}

/// <summary>The master keys.</summary>
/// <param name="Current">The generation that wraps new data keys.</param>
/// <param name="Generations">Those that are there, and those that secrets need.</param>
/// <param name="Rotation">The latest one.</param>
internal sealed record MasterKeysView(int Current, IReadOnlyList<MasterKeyView> Generations, KeyRotationView? Rotation);

/// <summary>A generation; a key without secrets is only needed for backups that were made before.</summary>
internal sealed record MasterKeyView(int Generation, bool Present, int Secrets);

/// <summary>A rotation; without <paramref name="CompletedAt"/> it goes on.</summary>
internal sealed record KeyRotationView(int TargetGeneration, string RequestedBy, DateTimeOffset RequestedAt, DateTimeOffset? CompletedAt, int Rewrapped, int Unreadable);
