using System.Text.Json;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Imports;

/// <summary>An import job as it is created or replaced: files in S3, the stream they go to, and how often to look for new ones.</summary>
internal sealed record ImportJobInput
{
    /// <summary>Label that identifies the job; unique.</summary>
    public string? Name { get; init; }

    public string? Description { get; init; }

    /// <summary>The authorization: a credential of the type <c>iam-credential</c> or <c>iam-role</c>.</summary>
    public string? CredentialId { get; init; }

    /// <summary>A credential of the type <c>pgp</c>, when the files are encrypted.</summary>
    public string? PgpCredentialId { get; init; }

    public string? Bucket { get; init; }

    /// <summary>Address of an S3-compatible server; without it the credential's own.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Folder of the files. Alone, all files of the format in it are meant.</summary>
    public string? Directory { get; init; }

    /// <summary>Name of the file in the directory. With <c>keepUpdated</c> it is the first; the ones that follow have the same prefix and a later timestamp, or the same name.</summary>
    public string? File { get; init; }

    /// <summary>What the names of all files begin with, up to the timestamp; a regular expression. Derived from <c>file</c> when left out.</summary>
    public string? Prefix { get; init; }

    /// <summary><c>csv</c> or <c>json</c>; told from the file's name when left out.</summary>
    public string? Format { get; init; }

    /// <summary>What stands between the fields of a CSV file; a comma by default, <c>t</c> for tab.</summary>
    public string? Delimiter { get; init; }

    /// <summary>The column with the time of an event. Without it, rows carry the time of the import (<c>_updated_at</c>).</summary>
    public string? TimestampColumn { get; init; }

    /// <summary>Columns to import, all when left out. Those of the key and the timestamp always are.</summary>
    public IReadOnlyList<string?>? Fields { get; init; }

    /// <summary>Where the rows go: a feed by id (<c>df-…</c>) or by its domain table <c>Source:Name</c>, which is made when there is none; a name alone belongs to the source <c>Amazon S3</c>.</summary>
    public string? Stream { get; init; }

    /// <summary>Columns that identify a row of a new stream. Without them every row is an event and kept.</summary>
    public IReadOnlyList<string?>? Key { get; init; }

    /// <summary>Look for new files again and again.</summary>
    public bool? KeepUpdated { get; init; }

    /// <summary>How often: <c>hourly</c>, <c>daily</c> (default), <c>weekly</c> or <c>monthly</c>. The first run starts at once.</summary>
    public string? Frequency { get; init; }

    /// <summary>When later runs start, for example <c>07:30</c>; not with <c>hourly</c>. Without it they start one interval after the last one ended.</summary>
    public string? TimeOfDay { get; init; }

    /// <summary>IANA zone of <c>timeOfDay</c>, for example <c>Europe/Berlin</c>; UTC when left out.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Import only the rows that changed since the previous file.</summary>
    public bool? Diff { get; init; }
}

/// <summary>An import job: what was sent, and how far it is.</summary>
internal sealed record ImportJobView
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string? Description { get; init; }

    public required string CredentialId { get; init; }

    public string? PgpCredentialId { get; init; }

    public required string Bucket { get; init; }

    public string? Endpoint { get; init; }

    public string? Directory { get; init; }

    public string? File { get; init; }

    public string? Prefix { get; init; }

    public required ImportFormat Format { get; init; }

    public string? Delimiter { get; init; }

    public string? TimestampColumn { get; init; }

    public IReadOnlyList<string?>? Fields { get; init; }

    /// <summary>The domain table of the feed.</summary>
    public required string Stream { get; init; }

    public IReadOnlyList<string?>? Key { get; init; }

    public required bool KeepUpdated { get; init; }

    public string? Frequency { get; init; }

    public string? TimeOfDay { get; init; }

    public string? TimeZone { get; init; }

    public required bool Diff { get; init; }

    /// <summary>The feed the rows go to (<c>df-…</c>).</summary>
    public required string FeedId { get; init; }

    /// <summary>The courier that does the work (<c>cr-…</c>): its runs are the job's.</summary>
    public required string CourierId { get; init; }

    /// <summary>Which files are taken; <c>&lt;timestamp&gt;</c> stands for the time in their names.</summary>
    public required string Files { get; init; }

    /// <summary><c>active</c>, <c>completed</c>, <c>failed</c> or <c>stopped</c>.</summary>
    public required ImportJobState State { get; init; }

    /// <summary>Why it is in its state.</summary>
    public string? Message { get; init; }

    /// <summary>Time of the last file of the sequence that was imported.</summary>
    public DateTimeOffset? SequenceReached { get; init; }

    public required int FilesImported { get; init; }

    /// <summary>The newest run: <c>GET /api/courier-runs/{id}</c>.</summary>
    public string? LastRunId { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>Name of the API key that changed it last.</summary>
    public required string UpdatedBy { get; init; }

    /// <summary>What is allowed and yet perhaps not meant; in the answer to creating and replacing.</summary>
    public IReadOnlyList<FieldProblem>? Warnings { get; init; }

    public static ImportJobView Of(ImportJob job, IReadOnlyList<FieldProblem>? warnings = null)
    {
        var sent = JsonSerializer.Deserialize<ImportJobInput>(job.Definition, PlatformJson.Options)!;
        return new()
        {
            Id = job.Id,
            Name = job.Name,
            Description = sent.Description,
            CredentialId = sent.CredentialId!,
            PgpCredentialId = sent.PgpCredentialId,
            Bucket = sent.Bucket!,
            Endpoint = sent.Endpoint,
            Directory = sent.Directory,
            File = sent.File,
            Prefix = sent.Prefix,
            Format = job.Format,
            Delimiter = sent.Delimiter,
            TimestampColumn = sent.TimestampColumn,
            Fields = sent.Fields,
            Stream = job.DomainTable,
            Key = sent.Key,
            KeepUpdated = job.KeepUpdated,
            Frequency = job.Frequency?.ToString().ToLowerInvariant(),
            TimeOfDay = sent.TimeOfDay,
            TimeZone = sent.TimeZone,
            Diff = job.Diff,
            FeedId = job.FeedId,
            CourierId = job.CourierId,
            Files = job.Pattern,
            State = job.State,
            Message = job.Message,
            SequenceReached = job.SequenceReached,
            FilesImported = job.FilesImported,
            LastRunId = job.RunId,
            CreatedAt = job.CreatedAt,
            UpdatedAt = job.UpdatedAt,
            UpdatedBy = job.UpdatedBy,
            Warnings = warnings,
        };
    }
}
