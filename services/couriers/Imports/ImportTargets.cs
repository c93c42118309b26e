using System.Net;
using Platform.Couriers.Clients;
using Platform.Couriers.Definitions;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Imports;

/// <summary>The feed a job loads into: an existing one that fits, or a new one with the columns of the sample.</summary>
internal sealed class ImportTargets(FeedsClient feeds)
{
    /// <summary>Finds the feed and compares it with the job; null when there is none yet, or there are problems.</summary>
    public async Task<KnownStream?> FindAsync(ImportPlan plan, ImportSample? sample, Findings findings, CancellationToken cancellationToken)
    {
        CheckColumns(plan, sample, findings);
        var (id, source, name) = plan.Stream;
        var found = (await feeds.FindStreamAsync(id, id is null ? $"{source}:{name}" : null, cancellationToken)).Feed;
        if (found is null)
        {
            if (id is not null)
            {
                findings.Problem("$.stream", $"names no feed: '{id}'. GET /api/feeds lists them; a name like \"Amazon S3:Audience\" makes a new one.");
            }
            else if (sample is null && findings.Problems.Count == 0)
            {
                findings.Problem("$.stream", $"is new, and its fields are taken from the first file; but no file matches {plan.Pattern} yet. Wait for the first file, or define the feed with POST /api/feeds.");
            }

            return null;
        }

        Compare(plan, sample, found, findings);
        return findings.Problems.Count == 0 ? found : null;
    }

    /// <summary>Makes and activates the feed; null with problems.</summary>
    public async Task<KnownStream?> MakeAsync(ImportPlan plan, ImportSample sample, Findings findings, CancellationToken cancellationToken)
    {
        var wanted = Wanted(plan);
        var columns = sample.Columns.Where(column => plan.Fields.Count == 0 || wanted.Contains(column.Name))
            .Select(column => string.Equals(column.Name, plan.Input.TimestampColumn, StringComparison.OrdinalIgnoreCase) ? sample.AsTime(column)! : column);
        var (_, source, name) = plan.Stream;
        try
        {
            var made = await feeds.MakeStreamAsync(new(source, name, plan.Input.Description, [.. columns], plan.Key, plan.Input.TimestampColumn), cancellationToken);
            foreach (var problem in made.Problems)
            {
                findings.Problem(PathOf(problem.Path), problem.Problem);
            }

            return made.Feed;
        }
        catch (InternalCallException e) when (e.Status == HttpStatusCode.Conflict)
        {
            findings.Problem("$.stream", e.Message);
            return null;
        }
    }

    private static HashSet<string> Wanted(ImportPlan plan) => new([.. plan.Fields, .. plan.Key, .. plan.Input.TimestampColumn is { } time ? [time] : Array.Empty<string>()], StringComparer.OrdinalIgnoreCase);

    private static void CheckColumns(ImportPlan plan, ImportSample? sample, Findings findings)
    {
        if (sample is null)
        {
            return;
        }

        Exist(plan.Fields, "$.fields", sample, findings);
        Exist(plan.Key, "$.key", sample, findings);
        if (plan.Input.TimestampColumn is not { } timestamp)
        {
            return;
        }

        if (sample.Find(timestamp) is not { } column)
        {
            findings.Problem("$.timestampColumn", Unknown(timestamp, sample));
        }
        else if (sample.AsTime(column) is null)
        {
            findings.Problem("$.timestampColumn", $"'{column.Name}' holds {column.Type.ToString().ToLowerInvariant()} values, which are no times; expected dates with times, or numbers counted from 1970. "
                + "If they are times of another form, define the feed with a pattern for this field (POST /api/feeds) and name it as the stream.");
        }
    }

    private static void Exist(IReadOnlyList<string> names, string path, ImportSample sample, Findings findings)
    {
        for (var i = 0; i < names.Count; i++)
        {
            if (sample.Find(names[i]) is null)
            {
                findings.Problem($"{path}[{i}]", Unknown(names[i], sample));
            }
        }
    }

    private static string Unknown(string name, ImportSample sample) =>
        $"'{name}' is no column of {sample.Key}. Its columns are: {string.Join(", ", sample.Columns.Take(50).Select(column => column.Name))}{(sample.Columns.Count > 50 ? " …" : "")}. If that is one name only, check header row and delimiter.";

    private static void Compare(ImportPlan plan, ImportSample? sample, KnownStream stream, Findings findings)
    {
        if (!stream.Active)
        {
            findings.Problem("$.stream", $"'{stream.DomainTable}' ({stream.Id}) is not activated; POST /api/feeds/{stream.Id}/activate does it.");
        }

        if (plan.Key.Count > 0 && !plan.Key.ToHashSet(StringComparer.OrdinalIgnoreCase).SetEquals(stream.Key))
        {
            findings.Problem("$.key", $"is {string.Join(", ", plan.Key)}, but the stream '{stream.DomainTable}' exists and {(stream.Keyless ? "keeps all rows, without a key" : $"has the key {string.Join(", ", stream.Key)}")}. Leave the key out, or choose another stream.");
        }

        var known = stream.Fields.Select(field => field.IncomingName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < plan.Fields.Count; i++)
        {
            if (!known.Contains(plan.Fields[i]))
            {
                findings.Problem($"$.fields[{i}]", $"The stream '{stream.DomainTable}' exists and has no field for '{plan.Fields[i]}'. Add one to the feed {stream.Id}, or leave it out here.");
            }
        }

        if (plan.Input.TimestampColumn is { } timestamp && (stream.Keyless ? !known.Contains(timestamp) : !string.Equals(stream.LastUpdated, timestamp, StringComparison.OrdinalIgnoreCase)))
        {
            findings.Problem("$.timestampColumn", stream.Keyless
                ? $"The stream '{stream.DomainTable}' exists and has no field for '{timestamp}'."
                : $"is '{timestamp}', but in the stream '{stream.DomainTable}' {(stream.LastUpdated is null ? "rows are stamped with the time of the import" : $"the later '{stream.LastUpdated}' wins")}. Leave it out, or change the feed {stream.Id}.");
        }

        if (sample is not null)
        {
            CompareFile(plan, sample, stream, findings);
        }
    }

    private static void CompareFile(ImportPlan plan, ImportSample sample, KnownStream stream, Findings findings)
    {
        if (plan.Fields.Count > 0)
        {
            var wanted = Wanted(plan);
            wanted.UnionWith(stream.Key);
            var others = stream.Fields.Select(field => field.IncomingName).Where(name => !wanted.Contains(name) && sample.Find(name) is not null).ToArray();
            if (others.Length > 0)
            {
                findings.Problem("$.fields", $"leaves out {string.Join(", ", others)}, which the stream '{stream.DomainTable}' takes from such files: it would lose its values. Add it, or choose another stream.");
            }
        }

        foreach (var key in stream.Key.Where(key => sample.Find(key) is null))
        {
            findings.Problem("$.stream", $"'{stream.DomainTable}' has the key '{key}', which {sample.Key} has no column for. Its columns are: {string.Join(", ", sample.Columns.Take(50).Select(column => column.Name))}.");
        }
    }

    // The feed's words for what the job calls differently.
    private static string PathOf(string path) => path switch
    {
        "$.source" or "$.name" => "$.stream",
        _ when path.StartsWith("$.primaryKey", StringComparison.Ordinal) => "$.key" + path["$.primaryKey".Length..],
        "$.lastUpdatedField" => "$.timestampColumn",
        _ when path.StartsWith("$.fields", StringComparison.Ordinal) => "$.fields",
        _ => path,
    };
}
