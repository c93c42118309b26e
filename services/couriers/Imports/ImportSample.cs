using System.Globalization;
using System.Text.Json;
using Platform.Couriers.Definitions;
using Platform.Couriers.Previews;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Couriers.Sources.Connections;
using Platform.Contracts.Failures;
using Platform.Files;
using Platform.Files.Engine;
using Platform.Files.Formats;
using Platform.Files.Locations;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Imports;

/// <summary>What the first file of a job holds.</summary>
/// <param name="Key">Its key.</param>
/// <param name="ContentType">What it is read as.</param>
/// <param name="Columns">Its columns as fields.</param>
/// <param name="Rows">Its first rows, each cell as JSON text.</param>
internal sealed record ImportSample(string Key, string ContentType, IReadOnlyList<InferredField> Columns, IReadOnlyList<IReadOnlyList<string?>> Rows)
{
    private const decimal FirstMillis = 100_000_000_000m;
    private const decimal FirstMicros = 100_000_000_000_000m;

    public InferredField? Find(string column) => Columns.FirstOrDefault(one => string.Equals(one.Name, column, StringComparison.OrdinalIgnoreCase));

    /// <summary>The column as the time of an event; null when its values are no times. Numbers count from 1970, in seconds or finer by their size.</summary>
    public InferredField? AsTime(InferredField column) => column.Type switch
    {
        FieldType.Datetime => column,
        FieldType.Date => column with { Type = FieldType.Datetime },
        FieldType.Integer => column with { Type = FieldType.Datetime, Pattern = Largest(column) switch { >= FirstMicros => "epoch-micros", >= FirstMillis => "epoch-millis", _ => "epoch-seconds" } },
        _ => null,
    };

    private decimal Largest(InferredField column)
    {
        var at = Columns.ToList().IndexOf(column);
        return Rows.Select(row => at < row.Count && decimal.TryParse(row[at]?.Trim('"'), NumberStyles.Integer, CultureInfo.InvariantCulture, out var value) ? Math.Abs(value) : 0).DefaultIfEmpty().Max();
    }
}

/// <summary>Finds the first file of a job at its source and looks into it, as a preview does.</summary>
internal sealed class ImportSamples(SourceConnections connections, PreviewSpool spool, Previewer previewer, Engine engine, KindRegistry<IFileFormat> formats, TimeProvider clock)
{
    private const int Rows = 20;
    private const int HeadBytes = 4096;

    /// <summary>The sample; null with problems in <paramref name="findings"/>, or without any when there is no such file yet and none was named.</summary>
    public async Task<ImportSample?> LookAsync(ImportPlan plan, Findings findings, CancellationToken cancellationToken)
    {
        var place = S3Settings.Place(JsonSerializer.SerializeToElement(ImportFiles.Settings(plan)));
        try
        {
            using var source = await connections.OpenAsync(plan.Input.CredentialId!, place, "sample of an import job", cancellationToken);
            if (await FirstAsync(source, plan, cancellationToken) is { } entry)
            {
                return await LookAsync(source, entry, plan, findings, cancellationToken);
            }

            if (plan.File is not null)
            {
                findings.Problem("$.file", $"does not exist: {source.Describe(plan.File)}. GET /api/browse/files lists what is there.");
            }
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && FailureClassifier.Classify(e) is { Category: FailureCategory.Configuration } known)
        {
            findings.Problem(PathOf(e), known.Reason);
        }

        return null;
    }

    private static async Task<FileEntry?> FirstAsync(SourceConnection source, ImportPlan plan, CancellationToken cancellationToken)
    {
        var matcher = plan.Pattern.ForAll();
        await foreach (var entry in source.ListAsync(plan.File ?? matcher.Prefix, ListDepth.Level, cancellationToken))
        {
            if (!entry.IsFolder && (plan.File is null ? matcher.Matches(entry.Path, out _) : entry.Path == plan.File))
            {
                return entry;
            }
        }

        return null;
    }

    private async Task<ImportSample?> LookAsync(SourceConnection source, FileEntry entry, ImportPlan plan, Findings findings, CancellationToken cancellationToken)
    {
        using var spooled = await spool.FetchAsync(source, entry, ImportFiles.ContentType(plan, []), PreviewView.Table, clock, cancellationToken);
        var settings = new FileSettings { PgpCredentialId = plan.Input.PgpCredentialId };
        var file = new SourceFile { Path = spooled.Path, Name = source.Describe(entry.Path), Format = "", FileId = 1, Settings = settings, Pgp = await previewer.KeyAsync(settings, cancellationToken) };
        try
        {
            var head = await engine.HeadAsync(file, HeadBytes, cancellationToken);
            var contentType = ImportFiles.ContentType(plan, head.Bytes);
            if (plan.Format == ImportFormat.Csv)
            {
                file = file with { Settings = settings with { Csv = new() { Separator = ImportFiles.Separator(plan, contentType), HeaderRows = ImportFiles.HeaderRows } } };
            }

            file = file with { Format = formats.All.Single(kind => kind.ContentTypes.Contains(contentType)).Name };
            var columns = await engine.InferAsync(file, cancellationToken);
            var rows = await engine.PreviewAsync(file, Rows, cancellationToken);
            if (columns.Count == 1 && plan.Format == ImportFormat.Csv)
            {
                findings.Warning("$.delimiter", $"splits {file.Name} into one column only. Is another character between its fields?");
            }

            return new(entry.Path, contentType, columns, rows.Rows);
        }
        catch (EngineException e) when (e.Failure == EngineFailure.BadFile)
        {
            findings.Problem(plan.File is null ? "$.prefix" : "$.file", $"cannot be read as {plan.Format.ToString().ToLowerInvariant()}: {e.Message}");
            return null;
        }
        catch (EngineException e) when (e.Failure == EngineFailure.Environment)
        {
            throw new RefusedException(new(StatusCodes.Status503ServiceUnavailable, "sample-unavailable", "The file cannot be looked into at present", e.Message), e);
        }
    }

    private static string PathOf(Exception exception) => exception switch
    {
        LocationException { Fault: LocationFault.ContainerMissing } => "$.bucket",
        LocationException { Fault: LocationFault.AddressRefused } => "$.endpoint",
        LocationException { Fault: LocationFault.FileMissing or LocationFault.FileChanged } => "$.file",
        _ => "$.credentialId",
    };
}
