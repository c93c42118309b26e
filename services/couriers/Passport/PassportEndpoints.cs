using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.Couriers.Landing;
using Platform.Couriers.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Passport;

/// <summary>The whole story of any path (X2).</summary>
internal static class PassportEndpoints
{
    private const int MaxPath = 2048;
    private const int MostLandings = 50;
    private const int MostRuns = 20;
    private const int MostCouriers = 1000;
    private const int MostVerdicts = 50;

    public static void MapPassports(this WebApplication app) =>
        app.MapGet("/api/files/passport", Get).RequireAuthorization(Roles.Viewer).WithTags("files")
            .WithName("GetFilePassport").WithSummary("What happened to a path, or why it was not taken and what would take it");

    private static async Task<Results<Ok<FilePassport>, ProblemHttpResult>> Get(string path, CouriersDbContext context, DefinitionReader reader, CancellationToken cancellationToken, string? courierId = null)
    {
        if (path.Length is 0 or > MaxPath)
        {
            return Refusal.Invalid("The query", [new("path", $"Must have 1 to {MaxPath} characters, for example s3://bucket/folder/file.csv.")]).ToResult();
        }

        var landings = await LandingsAsync(context, path, courierId, cancellationToken);
        var taken = landings.Select(landing => landing.CourierId).ToHashSet(StringComparer.Ordinal);
        var verdicts = await VerdictsAsync(context, reader, SourcePath.Read(path), taken, courierId, cancellationToken);
        return TypedResults.Ok(new FilePassport(path, Summarize(landings, verdicts), landings, verdicts));
    }

    private static async Task<List<Landing>> LandingsAsync(CouriersDbContext context, string path, string? courierId, CancellationToken cancellationToken)
    {
        var files = await context.LandedFiles.AsNoTracking().Where(file => file.Source == path && (courierId == null || file.CourierId == courierId))
            .OrderByDescending(file => file.Id).Take(MostLandings).ToListAsync(cancellationToken);
        var landings = new List<Landing>(files.Count);
        foreach (var file in files)
        {
            landings.Add(new(
                file.Id, file.Source, file.CourierId, file.RunId, file.Tag, file.Size, file.Sha256, file.ETag, file.FileDate, file.LandedAt, file.RemovedAt, await RunsAsync(context, file, cancellationToken)));
        }

        return landings;
    }

    private static async Task<List<CoveringRun>> RunsAsync(CouriersDbContext context, LandedFile file, CancellationToken cancellationToken)
    {
        var covering = await (
            from planned in context.RunFiles.AsNoTracking()
            join run in context.Runs.AsNoTracking() on planned.RunId equals run.Id
            where run.CourierId == file.CourierId && planned.FileId == file.Id
            orderby run.Id descending
            select new { planned.FileNo, planned.Pulled, run.Id, run.State, run.Message }).Take(MostRuns).ToListAsync(cancellationToken);
        var ids = covering.Select(run => run.Id).ToArray();
        var loads = (await context.RunLoads.AsNoTracking().Where(load => ids.Contains(load.RunId) && load.Tags.Contains(file.Tag)).OrderBy(load => load.LoadNo).ToListAsync(cancellationToken))
            .ToLookup(load => load.RunId);
        return [.. covering.Select(run => new CoveringRun(
            run.Id, run.State, run.FileNo, run.Pulled, run.Message,
            [.. loads[run.Id].Select(load => new FileLoad(load.Id, load.FeedId, load.DomainTable, load.State, load.Rows, load.Reason))]))];
    }

    private static async Task<List<CourierVerdict>> VerdictsAsync(
        CouriersDbContext context, DefinitionReader reader, SourcePath path, HashSet<string> taken, string? courierId, CancellationToken cancellationToken)
    {
        var verdicts = new List<CourierVerdict>();
        foreach (var courier in await context.Couriers.AsNoTracking().Where(courier => courierId == null || courier.Id == courierId).OrderBy(courier => courier.Id).Take(MostCouriers).ToListAsync(cancellationToken))
        {
            if (taken.Contains(courier.Id))
            {
                verdicts.Add(new(courier.Id, courier.Name, true, null, "It was taken; see 'landings'.", null));
            }
            else if (reader.Read(courier.Written(), new()) is { } definition)
            {
                var runs = await context.Runs.AsNoTracking().Where(run => run.CourierId == courier.Id).OrderByDescending(run => run.Id).Take(MostRuns).ToListAsync(cancellationToken);
                if (new WhyNot(courier, definition.SourceType.Layout(definition.Settings, definition.Entities, RunMode.All), runs).Explain(path) is { } verdict)
                {
                    verdicts.Add(verdict);
                }
            }
        }

        // Those that mean the path say more than those that merely look into the same bucket.
        return [.. verdicts.OrderByDescending(verdict => verdict.Matches).Take(MostVerdicts)];
    }

    private static string Summarize(IReadOnlyList<Landing> landings, IReadOnlyList<CourierVerdict> verdicts)
    {
        if (landings is [var newest, ..])
        {
            var loads = newest.Runs.SelectMany(run => run.Loads).Where(load => load.DomainTable is not null).Select(load => load.DomainTable!).Distinct().ToArray();
            return $"Pulled {(landings.Count == 1 ? "once" : $"{landings.Count} times")}, last on {newest.LandedAt:yyyy-MM-dd HH:mm} UTC; {(loads.Length == 0 ? "loaded into no table" : $"loaded into {string.Join(", ", loads)}")}.";
        }

        return verdicts switch
        {
            [] => "No courier reads the bucket or account this path lies in.",
            [{ Matches: true } first, ..] => $"Never pulled. {first.CourierName}: {first.Reason}",
            [var first, ..] => $"Never pulled, and no pattern means it. {first.CourierName}: {first.Reason}",
        };
    }
}
