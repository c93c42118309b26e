using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;
using Platform.OptimizelyBrevo.Partners;

namespace Platform.OptimizelyBrevo.Optimizely;

/// <summary>Optimizely's REST API v2 (O2): all pages of a list, 50 calls a minute and 10 for results, whichever instance calls.</summary>
internal sealed class OptimizelyClient(PartnerHttp http, PartnerSecrets secrets, IOptions<PartnerOptions> options)
{
    private const int PageSize = 100;
    private const int MostPages = 1000;

    public Task<List<OptimizelyProject>> ListProjectsAsync(string credentialId, CancellationToken cancellationToken) =>
        ListAsync(credentialId, "projects", null, OptimizelyJson.Default.ListOptimizelyProject, cancellationToken);

    public Task<List<OptimizelyExperiment>> ListExperimentsAsync(string credentialId, string projectId, CancellationToken cancellationToken) =>
        ListAsync(credentialId, "experiments", projectId, OptimizelyJson.Default.ListOptimizelyExperiment, cancellationToken);

    public Task<List<OptimizelyFeature>> ListFeaturesAsync(string credentialId, string projectId, CancellationToken cancellationToken) =>
        ListAsync(credentialId, "features", projectId, OptimizelyJson.Default.ListOptimizelyFeature, cancellationToken);

    public Task<List<OptimizelyAudience>> ListAudiencesAsync(string credentialId, string projectId, CancellationToken cancellationToken) =>
        ListAsync(credentialId, "audiences", projectId, OptimizelyJson.Default.ListOptimizelyAudience, cancellationToken);

    public Task<List<OptimizelyEvent>> ListEventsAsync(string credentialId, string projectId, CancellationToken cancellationToken) =>
        ListAsync(credentialId, "events", projectId, OptimizelyJson.Default.ListOptimizelyEvent, cancellationToken);

    public Task<JsonElement> GetExperimentAsync(string credentialId, string experimentId, CancellationToken cancellationToken) =>
        GetAsync(credentialId, "experiments", experimentId, cancellationToken);

    public Task<JsonElement> GetFeatureAsync(string credentialId, string featureId, CancellationToken cancellationToken) =>
        GetAsync(credentialId, "features", featureId, cancellationToken);

    /// <summary>Results take 30 seconds and more; 202 means that they are still being computed, 204 that there are none yet.</summary>
    public async Task<(ResultsState State, JsonElement? Results)> GetResultsAsync(string credentialId, string experimentId, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            credentialId, "GET /experiments/{id}/results", $"experiments/{Uri.EscapeDataString(experimentId)}/results",
            [Budget.OptimizelyRest(credentialId), Budget.OptimizelyResults(credentialId)], cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.Accepted => (ResultsState.Computing, null),
            HttpStatusCode.NoContent => (ResultsState.NoData, null),
            _ => (ResultsState.Ready, await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken)),
        };
    }

    private async Task<JsonElement> GetAsync(string credentialId, string kind, string id, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(credentialId, $"GET /{kind}/{{id}}", $"{kind}/{Uri.EscapeDataString(id)}", [Budget.OptimizelyRest(credentialId)], cancellationToken);
        return await response.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
    }

    private async Task<List<T>> ListAsync<T>(string credentialId, string kind, string? projectId, JsonTypeInfo<List<T>> type, CancellationToken cancellationToken)
    {
        var all = new List<T>();
        for (var page = 1; page <= MostPages; page++)
        {
            var query = projectId is null ? "" : $"project_id={Uri.EscapeDataString(projectId)}&";
            using var response = await SendAsync(credentialId, $"GET /{kind}", $"{kind}?{query}per_page={PageSize}&page={page}", [Budget.OptimizelyRest(credentialId)], cancellationToken);
            List<T> items;
            try
            {
                items = await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? [];
            }
            catch (JsonException e)
            {
                throw new PartnerException("Optimizely", null, null, $"GET /{kind} answered something that is not the list expected ({e.Path}).", e);
            }

            all.AddRange(items);
            if (items.Count < PageSize)
            {
                return all;
            }
        }

        throw new PartnerException("Optimizely", null, null, $"GET /{kind} has more than {MostPages} pages; that cannot be right.");
    }

    private async Task<HttpResponseMessage> SendAsync(string credentialId, string name, string path, Budget[] budgets, CancellationToken cancellationToken)
    {
        var call = new PartnerCall("Optimizely", name, budgets, Repeatable: true);
        var response = await OnceAsync();
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            // The token may have been rotated a moment ago.
            response.Dispose();
            secrets.Forget(credentialId);
            response = await OnceAsync();
        }

        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw await FailureAsync(response, name, credentialId, cancellationToken);
        }

        async Task<HttpResponseMessage> OnceAsync()
        {
            var token = await secrets.OptimizelyTokenAsync(credentialId, cancellationToken);
            return await http.SendAsync(
                call, () => new(HttpMethod.Get, options.Value.OptimizelyApi + path) { Headers = { Authorization = new AuthenticationHeaderValue("Bearer", token) } }, cancellationToken);
        }
    }

    private static async Task<PartnerException> FailureAsync(HttpResponseMessage response, string name, string credentialId, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        OptimizelyError? error = null;
        try
        {
            error = JsonSerializer.Deserialize(body, OptimizelyJson.Default.OptimizelyError);
        }
        catch (JsonException)
        {
            // A proxy's page instead of Optimizely's answer: the status has to say it all.
        }

        var detail = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => $"401 Unauthorized: the token of credential {credentialId} has expired or is not valid. Generate a new personal access token at https://app.optimizely.com/v2/accountsettings/tokens and store it in the credential.",
            HttpStatusCode.Forbidden => $"403 Forbidden: the token of credential {credentialId} may not do {name}. Give its user at least read access to the project.",
            HttpStatusCode.NotFound => $"404 Not Found: {name} knows no such id. Check the project and the id.",
            HttpStatusCode.TooManyRequests => $"429 again and again at {name}: something else uses up the limit of this token.",
            _ => $"{name} answered {(int)response.StatusCode}{(error?.Message is { Length: > 0 } message ? $": {message}" : "")}.",
        };
        return new("Optimizely", response.StatusCode, error?.Code, detail);
    }
}
