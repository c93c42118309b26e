using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Platform.Couriers.Clients;
using Platform.Couriers.Definitions;
using Platform.Couriers.Persistence;
using Platform.Couriers.Sources;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Imports;

/// <summary>An import job that can work: everything it names exists.</summary>
internal sealed record ReadyImport(ImportPlan Plan, string ContentType, KnownStream Feed, IReadOnlyList<FieldProblem> Warnings)
{
    public Courier NewCourier(string caller, DateTimeOffset now)
    {
        var courier = new Courier
        {
            Id = PublicId.Short("cr"),
            Name = "",
            SourceType = "amazon-s3",
            CredentialId = "",
            Settings = "{}",
            LoadOperations = "{}",
            CreatedAt = now,
            UpdatedAt = now,
            UpdatedBy = caller,
        };
        ApplyTo(courier, caller, now);
        return courier;
    }

    public void ApplyTo(Courier courier, string caller, DateTimeOffset now)
    {
        courier.Name = Plan.Input.Name!.Trim();
        courier.CredentialId = Plan.Input.CredentialId!;
        courier.Settings = ImportFiles.Settings(Plan).ToJsonString(PlatformJson.Options);
        courier.Entities = ImportFiles.Entities(Plan, ContentType).ToJsonString(PlatformJson.Options);
        courier.LoadOperations = ImportFiles.LoadOperations(Feed.Id).ToJsonString(PlatformJson.Options);
        (courier.UpdatedAt, courier.UpdatedBy) = (now, caller);
    }

    /// <summary>What changes where the files come from or go to begins the sequence anew.</summary>
    public void ApplyTo(ImportJob job)
    {
        var definition = JsonSerializer.Serialize(Plan.Input, PlatformJson.Options);
        var before = JsonSerializer.Deserialize<ImportJobInput>(job.Definition, PlatformJson.Options)!;
        if (job.Pattern != Plan.Pattern.Text || job.FeedId != Feed.Id || before.Bucket != Plan.Input.Bucket || before.Endpoint != Plan.Input.Endpoint)
        {
            (job.SequenceReached, job.FilesImported) = (null, 0);
        }

        (job.Name, job.Definition, job.FeedId, job.DomainTable) = (Plan.Input.Name!.Trim(), definition, Feed.Id, Feed.DomainTable);
        (job.Pattern, job.Format, job.FilesFrom) = (Plan.Pattern.Text, Plan.Format, Plan.FilesFrom);
        (job.KeepUpdated, job.Frequency, job.TimeOfDay, job.TimeZone) = (Plan.Input.KeepUpdated == true, Plan.Frequency, Plan.TimeOfDay, Plan.Input.TimeZone);
        job.Diff = Plan.Input.Diff == true;
    }
}

/// <summary>Checks an import job against the world: the names that are taken, the bucket, the file and its columns, the stream. The stream is made last, when nothing else is wrong.</summary>
internal sealed class ImportJobCheck(CouriersDbContext context, ImportJobReader reader, ImportSamples samples, ImportTargets targets)
{
    private const string What = "The import job";

    public static Refusal NameTaken(string name) => Refusal.Conflict("name-taken", "The name is taken", $"There is already an import job or a courier named '{name}'. Choose another name.");

    /// <summary>The job, or why it is refused.</summary>
    public async Task<(ReadyImport? Ready, Refusal? Refusal)> CheckAsync(ImportJobInput input, string? jobId, CancellationToken cancellationToken)
    {
        var findings = new Findings();
        if (reader.Read(input, findings) is not { } plan)
        {
            return (null, Refusal.Invalid(What, findings.Problems));
        }

        var name = input.Name!.Trim();
        var own = await context.ImportJobs.Where(job => job.Id == jobId).Select(job => job.CourierId).SingleOrDefaultAsync(cancellationToken);
        if (await context.Couriers.AnyAsync(courier => courier.Name == name && courier.Id != own, cancellationToken))
        {
            return (null, NameTaken(name));
        }

        try
        {
            var sample = await samples.LookAsync(plan, findings, cancellationToken);
            var feed = await targets.FindAsync(plan, sample, findings, cancellationToken);
            if (feed is null && findings.Problems.Count == 0)
            {
                feed = await targets.MakeAsync(plan, sample!, findings, cancellationToken);
            }

            return feed is null || findings.Problems.Count > 0
                ? (null, Refusal.Invalid(What, findings.Problems))
                : (new(plan, sample?.ContentType ?? ImportFiles.ContentType(plan, []), feed, findings.Warnings), null);
        }
        catch (RefusedException e)
        {
            return (null, e.Refusal);
        }
        catch (Exception e) when (SourceRefusals.Explains(e, cancellationToken))
        {
            return (null, SourceRefusals.Of(e));
        }
    }
}
