using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Feeds.Definitions;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>A landed file that a query sees.</summary>
public sealed record QueriedFile
{
    /// <summary>The landed file (<c>lf-…</c>).</summary>
    public string? FileId { get; init; }

    /// <summary>The tag under which the query sees it; the file's own when absent.</summary>
    public string? Tag { get; init; }
}

/// <summary>An ingest query to be tried.</summary>
public sealed record PreviewQuery
{
    /// <summary>One SELECT.</summary>
    public string? Query { get; init; }

    /// <summary>The files it is to see, at most 20.</summary>
    public IReadOnlyList<QueriedFile?>? Files { get; init; }

    /// <summary>How many rows are wanted, 1 to 200; 20 by default.</summary>
    public int Rows { get; init; } = 20;
}

/// <summary>What an ingest query gives.</summary>
/// <param name="Fields">The result's columns as fields of a feed, ready to be used in a draft.</param>
/// <param name="Rows">The first rows; values in the order of the fields.</param>
public sealed record QueryPreview(IReadOnlyList<FieldInput> Fields, IReadOnlyList<IReadOnlyList<JsonElement?>> Rows);

internal static class IngestQueryEndpoints
{
    private const int MaxFiles = 20;
    private const int MaxRows = 200;

    public static void MapIngestQueryEndpoints(this IEndpointRouteBuilder app) => app.MapPost("/api/feeds/ingest-query-preview", PreviewAsync)
        .WithName("PreviewIngestQuery").WithTags("feeds").RequireAuthorization(Roles.Operator).WithSummary("Try an ingest query on landed files: the columns and first rows of its result");

    private static async Task<Results<Ok<QueryPreview>, ProblemHttpResult>> PreviewAsync(PreviewQuery request, SampleFiles samples, CancellationToken cancellationToken)
    {
        var problems = new List<FieldProblem>();
        if (string.IsNullOrWhiteSpace(request.Query) || request.Query.Length > DefinitionRules.MaxQuery || request.Query.Contains('\0'))
        {
            problems.Add(new("$.query", $"Expected one SELECT of at most {DefinitionRules.MaxQuery} characters."));
        }

        if (request.Files is not { Count: > 0 and <= MaxFiles })
        {
            problems.Add(new("$.files", $"Expected 1 to {MaxFiles} landed files; {request.Files?.Count ?? 0} were given."));
        }
        else
        {
            problems.AddRange(request.Files.Select((file, i) => (file, i)).Where(pair => string.IsNullOrEmpty(pair.file?.FileId))
                .Select(pair => new FieldProblem($"$.files[{pair.i}].fileId", "Missing. Expected the id of a landed file; GET /api/landed-files lists them.")));
        }

        if (request.Rows is < 1 or > MaxRows)
        {
            problems.Add(new("$.rows", $"Must be from 1 to {MaxRows}; {request.Rows} was given."));
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid("The query cannot be tried", problems).ToResult();
        }

        var (columns, rows) = await samples.QueryAsync(request.Query!, [.. request.Files!.Select(file => (file!.FileId!, file.Tag))], request.Rows, cancellationToken);
        return TypedResults.Ok(new QueryPreview(DraftFromSample.Fields(columns),
            [.. rows.Rows.Select(row => row.Select(cell => cell is null ? (JsonElement?)null : JsonSerializer.Deserialize<JsonElement>(cell)).ToList())]));
    }
}
