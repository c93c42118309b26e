using System.Net;
using Platform.Feeds.Couriers;
using Platform.Feeds.Loading;
using Platform.Files.Engine;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Definitions;

/// <summary>Looks into landed files for those who define feeds. What goes wrong is thrown as a <see cref="RefusedException"/> that names the file.</summary>
internal sealed class SampleFiles(CouriersClient couriers, Engine engine, SourceFiles files)
{
    /// <summary>The columns of a landed file, those of its path last.</summary>
    public async Task<IReadOnlyList<InferredField>> ColumnsAsync(string fileId, CancellationToken cancellationToken)
    {
        var sample = await FindAsync(fileId, cancellationToken);
        try
        {
            using var opened = await files.OpenAsync([LoadFileList.Row("", sample)], "sample of a feed", cancellationToken);
            return await engine.InferAsync(opened[0], cancellationToken);
        }
        catch (Exception e) when (e is EngineException { Failure: not EngineFailure.Bug } or LoadFailedException)
        {
            throw new RefusedException(FeedRefusals.SampleNotReadable(sample.FileName, e.Message));
        }
    }

    /// <summary>Columns and first rows of a query over landed files.</summary>
    public async Task<(IReadOnlyList<InferredField> Columns, PreviewResult Rows)> QueryAsync(string sql, IReadOnlyList<(string FileId, string? Tag)> asked, int rows, CancellationToken cancellationToken)
    {
        var landed = new List<LandedFile>();
        foreach (var (fileId, _) in asked)
        {
            landed.Add(await FindAsync(fileId, cancellationToken));
        }

        var query = new IngestQuery(sql, [.. landed.Zip(asked, (file, one) => one.Tag ?? file.Tag)]);
        try
        {
            using var sources = await files.OpenAsync(landed.Select(file => LoadFileList.Row("", file)), "preview of an ingest query", cancellationToken);
            return (await engine.InferAsync(sources, query, cancellationToken), await engine.PreviewAsync(sources, query, rows, cancellationToken));
        }
        catch (EngineException e) when (e.Failure == EngineFailure.BadQuery)
        {
            throw new RefusedException(Refusal.Invalid("The query cannot run", [new("$.query", e.Message)]), e);
        }
        catch (Exception e) when (e is EngineException { Failure: not EngineFailure.Bug } or LoadFailedException)
        {
            throw new RefusedException(FeedRefusals.SampleNotReadable(string.Join(", ", landed.Select(file => file.FileName)), e.Message), e);
        }
    }

    private async Task<LandedFile> FindAsync(string fileId, CancellationToken cancellationToken)
    {
        try
        {
            return await couriers.GetFileAsync(fileId, cancellationToken);
        }
        catch (InternalCallException e) when (e.Status == HttpStatusCode.NotFound)
        {
            throw new RefusedException(FeedRefusals.UnknownSample(fileId));
        }
        catch (Exception e) when (e is HttpRequestException or InternalCallException)
        {
            throw new RefusedException(FeedRefusals.CouriersAway(e.Message));
        }
    }
}
