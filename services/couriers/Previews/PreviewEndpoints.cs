using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Couriers.Sources;
using Platform.Files.Engine;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Previews;

/// <summary>Looking at files before, and after, they are pulled (R12).</summary>
internal static class PreviewEndpoints
{
    private const int MostRows = 200;
    private const int MostAtATime = 4;

    private static readonly SemaphoreSlim Places = new(MostAtATime);

    public static void MapPreviews(this WebApplication app) =>
        app.MapPost("/api/previews", Preview).RequireAuthorization(Roles.Operator).WithTags("previews")
            .WithName("PreviewFile").WithSummary("The beginning of a source or landed file as a table or raw, with settings that can be overridden");

    private static async Task<Results<Ok<PreviewAnswer>, ProblemHttpResult>> Preview(PreviewInput input, Previewer previewer, CancellationToken cancellationToken)
    {
        var problems = Check(input);
        if (problems.Count > 0)
        {
            return Refusal.Invalid("The preview", problems).ToResult();
        }

        // Each one may fetch half a gigabyte and starts a child process.
        if (!await Places.WaitAsync(TimeSpan.FromSeconds(10), cancellationToken))
        {
            return new Refusal(StatusCodes.Status429TooManyRequests, "too-many-previews", "Too many previews", $"{MostAtATime} previews run at this instance already. Ask again in a moment.").ToResult();
        }

        try
        {
            return TypedResults.Ok(await previewer.PreviewAsync(input, cancellationToken));
        }
        catch (RefusedException e)
        {
            return e.Refusal.ToResult();
        }
        catch (EngineException e) when (e.Failure == EngineFailure.BadFile)
        {
            return new Refusal(StatusCodes.Status422UnprocessableEntity, "file-unreadable", "The file cannot be read so", $"{e.Message} Change contentType or settings, or view it raw.").ToResult();
        }
        catch (EngineException e) when (e.Failure == EngineFailure.Environment)
        {
            return new Refusal(StatusCodes.Status503ServiceUnavailable, "preview-unavailable", "The preview could not be made", e.Message).ToResult();
        }
        catch (Exception e) when (SourceRefusals.Explains(e, cancellationToken))
        {
            return SourceRefusals.Of(e).ToResult();
        }
        finally
        {
            Places.Release();
        }
    }

    private static List<FieldProblem> Check(PreviewInput input)
    {
        var problems = new List<FieldProblem>();
        if (input.FileId is null == input.CredentialId is null)
        {
            problems.Add(new("$", "must have either 'fileId' of a landed file, or 'credentialId' with 'path' (and 'bucket' for S3)."));
        }

        if (input.CredentialId is not null && (string.IsNullOrEmpty(input.Path) || input.Path.EndsWith('/')))
        {
            problems.Add(new("$.path", "must be the path of a file, as GET /api/browse/files gives it."));
        }

        if (input.Rows is < 1 or > MostRows)
        {
            problems.Add(new("$.rows", $"is {input.Rows}; expected 1 to {MostRows}."));
        }

        if (input.Endpoint is not null && !(Uri.TryCreate(input.Endpoint, UriKind.Absolute, out var endpoint) && endpoint.Scheme is ("http" or "https")))
        {
            problems.Add(new("$.endpoint", "must be a web address, for example https://s3.example.com."));
        }

        problems.AddRange((input.Settings?.Problems() ?? []).Select(problem => new FieldProblem("$.settings", $"{problem.Key} {problem.Problem}")));
        return problems;
    }
}
