using System.Collections.Concurrent;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Decisions;
using Platform.OptimizelyBrevo.Partners;

namespace Platform.OptimizelyBrevo.Optimizely;

/// <summary>A compiled datafile, and how old it is.</summary>
/// <param name="Project">The compiled datafile.</param>
/// <param name="CheckedAt">When the CDN last confirmed it.</param>
/// <param name="IsStale">The CDN could not be asked when it was due; the last good datafile serves.</param>
internal sealed record LoadedDatafile(Project Project, DateTimeOffset CheckedAt, bool IsStale);

/// <summary>
/// Datafiles from the CDN (O3), one per SDK key: kept, revalidated by ETag when the connection's update interval has passed, and served on when the CDN fails. The CDN has no limits.
/// </summary>
internal sealed partial class Datafiles(PartnerHttp http, PartnerSecrets secrets, IOptions<PartnerOptions> options, TimeProvider clock, ILogger<Datafiles> logger)
{
    /// <summary>Larger than any real datafile; Optimizely advises to stay below 1 MB.</summary>
    public const int MostBytes = 64 * 1024 * 1024;

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);

    public async Task<LoadedDatafile> GetAsync(ProjectSettings project, int updateInterval, CancellationToken cancellationToken)
    {
        var entry = _entries.GetOrAdd(project.SdkKeyCredentialId, _ => new());
        if (!entry.IsDue && entry.Loaded is { } loaded && !loaded.IsStale && clock.GetUtcNow() - loaded.CheckedAt < TimeSpan.FromMilliseconds(updateInterval))
        {
            return loaded;
        }

        await entry.Gate.WaitAsync(cancellationToken);
        try
        {
            if (!entry.IsDue && entry.Loaded is { IsStale: false } fresh && clock.GetUtcNow() - fresh.CheckedAt < TimeSpan.FromMilliseconds(updateInterval))
            {
                return fresh;
            }

            entry.IsDue = false;
            return entry.Loaded = await RevalidateAsync(entry, project, cancellationToken);
        }
        catch (PartnerException e) when (e.MayHaveArrived && entry.Loaded is { } last)
        {
            Stale(logger, project.ProjectId, last.CheckedAt, e.Message);
            return entry.Loaded = last with { IsStale = true };
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    /// <summary>The SDK key was rotated: the next decision asks the CDN, whatever the update interval.</summary>
    public void Recheck(string credentialId)
    {
        if (_entries.TryGetValue(credentialId, out var entry))
        {
            entry.IsDue = true;
        }
    }

    private async Task<LoadedDatafile> RevalidateAsync(Entry entry, ProjectSettings project, CancellationToken cancellationToken)
    {
        var key = await secrets.FieldAsync(project.SdkKeyCredentialId, "datafile", ["optimizely-sdk-key"], ["sdkKey"], cancellationToken);
        if (entry.Key != key)
        {
            // The key was rotated: another environment's datafile must not be confirmed by the old one's ETag.
            entry.Key = key;
            entry.ETag = null;
        }

        using var response = await http.SendAsync(new("Optimizely", "GET /datafiles/{key}.json", [], Repeatable: true), () =>
        {
            var request = new HttpRequestMessage(HttpMethod.Get, $"{options.Value.OptimizelyCdn}datafiles/{Uri.EscapeDataString(key)}.json");
            if (entry is { ETag: { } etag, Loaded: not null })
            {
                request.Headers.IfNoneMatch.Add(etag);
            }

            return request;
        }, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotModified && entry.Loaded is { } confirmed)
        {
            return confirmed with { CheckedAt = clock.GetUtcNow(), IsStale = false };
        }

        if (response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden or HttpStatusCode.BadRequest)
        {
            secrets.Forget(project.SdkKeyCredentialId);
            throw new PartnerException("Optimizely", HttpStatusCode.Forbidden, "wrong-sdk-key",
                $"there is no datafile for the SDK key of credential {project.SdkKeyCredentialId} (the CDN answered {(int)response.StatusCode}). Copy the key of the right environment from Settings > Environments{(project.ProjectId.Length > 0 ? $" of project {project.ProjectId}" : "")}.");
        }

        if (!response.IsSuccessStatusCode)
        {
            throw new PartnerException("Optimizely", response.StatusCode, null, $"the datafile CDN answered {(int)response.StatusCode}.");
        }

        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        if (bytes.Length > MostBytes)
        {
            throw new PartnerException("Optimizely", HttpStatusCode.RequestEntityTooLarge, null, $"the datafile has {bytes.Length} bytes; at most {MostBytes} are read.");
        }

        Project compiled;
        try
        {
            compiled = DatafileCompiler.Compile(bytes);
        }
        catch (DatafileException e)
        {
            throw new PartnerException("Optimizely", HttpStatusCode.UnprocessableEntity, "unusable-datafile", e.Message, e);
        }

        entry.ETag = response.Headers.ETag;
        return new(compiled, clock.GetUtcNow(), IsStale: false);
    }

    private sealed class Entry
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public LoadedDatafile? Loaded { get; set; }

        public EntityTagHeaderValue? ETag { get; set; }

        public string? Key { get; set; }

        public volatile bool IsDue;
    }

    [LoggerMessage(EventId = 710, Level = LogLevel.Warning, Message = "The datafile of project {ProjectId} is served as of {CheckedAt}: {Reason}")]
    private static partial void Stale(ILogger logger, string projectId, DateTimeOffset checkedAt, string reason);
}
