using System.Globalization;
using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Options;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Partners;

namespace Platform.OptimizelyBrevo.Brevo;

/// <summary>Brevo's API v3: contacts and events at 10 calls a second, everything else at 100 an hour (General tier), whichever instance calls.</summary>
internal sealed class BrevoClient(PartnerHttp http, PartnerSecrets secrets, IOptions<PartnerOptions> options)
{
    private const int ContactsPage = 500;

    public async Task<IReadOnlyList<BrevoAttribute>> ListAttributesAsync(BrevoSettings account, CancellationToken cancellationToken) =>
        (await ReadAsync(account, "GET /contacts/attributes", "contacts/attributes", Contacts(account), BrevoJson.Default.BrevoAttributes, cancellationToken)).Attributes;

    /// <summary>Creates an attribute of the category normal. One that appeared in between is no error.</summary>
    public async Task CreateAttributeAsync(BrevoSettings account, string name, string type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            account, new("Brevo", "POST /contacts/attributes/normal/{name}", Contacts(account), Repeatable: true), HttpMethod.Post, $"contacts/attributes/normal/{Uri.EscapeDataString(name)}",
            () => JsonContent.Create(new(type), BrevoJson.Default.CreateBrevoAttribute), cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            var failure = await FailureAsync(response, $"creating the attribute {name}", account, cancellationToken);
            if (failure.Code is not "duplicate_parameter" && !failure.Detail.Contains("already", StringComparison.OrdinalIgnoreCase))
            {
                throw failure;
            }
        }
    }

    /// <summary>Creates or updates one contact. Not repeated by itself, like all that changes contacts: after an unclear answer Brevo is asked first.</summary>
    public async Task UpsertAsync(BrevoSettings account, UpsertContact contact, CancellationToken cancellationToken) =>
        (await PostAsync(account, "POST /contacts", "contacts", Contacts(account), contact, BrevoJson.Default.UpsertContact, cancellationToken)).Dispose();

    /// <summary>Updates contacts that Brevo has; one that it refuses makes it refuse all.</summary>
    public async Task UpdateAsync(BrevoSettings account, IReadOnlyList<BatchContact> contacts, CancellationToken cancellationToken) =>
        (await PostAsync(account, "POST /contacts/batch", "contacts/batch", Contacts(account), new(contacts), BrevoJson.Default.UpdateContacts, cancellationToken)).Dispose();

    /// <summary>Starts an import; the answer is its process.</summary>
    public async Task<long> ImportAsync(BrevoSettings account, ImportContacts import, CancellationToken cancellationToken)
    {
        using var response = await PostAsync(account, "POST /contacts/import", "contacts/import", Contacts(account), import, BrevoJson.Default.ImportContacts, cancellationToken);
        return (await ReadAsync(response, "POST /contacts/import", BrevoJson.Default.CreatedProcess, cancellationToken)).ProcessId;
    }

    /// <summary>The newest processes: one scarce call tells about all imports under way.</summary>
    public async Task<IReadOnlyList<BrevoProcess>> ListProcessesAsync(BrevoSettings account, CancellationToken cancellationToken) =>
        (await ReadAsync(account, "GET /processes", "processes?limit=50&offset=0&sort=desc", Other(account), BrevoJson.Default.BrevoProcesses, cancellationToken)).Processes ?? [];

    /// <summary>Null when Brevo has no such contact.</summary>
    public async Task<BrevoContact?> FindContactAsync(BrevoSettings account, string email, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(
            account, new("Brevo", "GET /contacts/{email}", Contacts(account), Repeatable: true), HttpMethod.Get, $"contacts/{Uri.EscapeDataString(email)}", null, cancellationToken);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        await ThrowIfFailedAsync(response, "GET /contacts/{email}", account, cancellationToken);
        return await ReadAsync(response, "GET /contacts/{email}", BrevoJson.Default.BrevoContact, cancellationToken);
    }

    public Task<BrevoList> GetListAsync(BrevoSettings account, long listId, CancellationToken cancellationToken) =>
        ReadAsync(account, "GET /contacts/lists/{id}", $"contacts/lists/{listId.ToString(CultureInfo.InvariantCulture)}", Contacts(account), BrevoJson.Default.BrevoList, cancellationToken);

    /// <summary>Brevo's page shows a list, its published schema a single segment: either is read.</summary>
    public async Task<IReadOnlyList<BrevoSegment>> ListSegmentsAsync(BrevoSettings account, CancellationToken cancellationToken)
    {
        var segments = (await ReadAsync(account, "GET /contacts/segments", "contacts/segments?limit=50&offset=0", Contacts(account), BrevoJson.Default.BrevoSegments, cancellationToken)).Segments;
        return segments.ValueKind switch
        {
            JsonValueKind.Array => [.. segments.EnumerateArray().Select(segment => segment.Deserialize(BrevoJson.Default.BrevoSegment)!)],
            JsonValueKind.Object => [segments.Deserialize(BrevoJson.Default.BrevoSegment)!],
            _ => [],
        };
    }

    /// <summary>The members of a list, page by page; with <paramref name="modifiedSince"/> only those that were changed since.</summary>
    public async IAsyncEnumerable<BrevoContact> ListMembersAsync(
        BrevoSettings account, long listId, DateTimeOffset? modifiedSince, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var filter = modifiedSince is { } since ? $"&modifiedSince={Uri.EscapeDataString(since.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture))}" : "";
        for (var offset = 0L; ; offset += ContactsPage)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"contacts/lists/{listId}/contacts?limit={ContactsPage}&offset={offset}&sort=asc{filter}");
            var page = (await ReadAsync(account, "GET /contacts/lists/{id}/contacts", path, Contacts(account), BrevoJson.Default.BrevoContacts, cancellationToken)).Contacts ?? [];
            foreach (var contact in page)
            {
                yield return contact;
            }

            if (page.Count < ContactsPage)
            {
                yield break;
            }
        }
    }

    /// <summary>Events that Brevo refused, by position; the others are queued. Not repeated by itself: Brevo would count a repetition as a second event.</summary>
    public async Task<IReadOnlyDictionary<int, string>> SendEventsAsync(BrevoSettings account, IReadOnlyList<BrevoEvent> events, CancellationToken cancellationToken)
    {
        var call = new PartnerCall("Brevo", "POST /events/batch", [Budget.BrevoEvents(account.CredentialId, account.Tier)], Repeatable: false);
        using var response = await SendAsync(account, call, HttpMethod.Post, "events/batch", () => JsonContent.Create(new(events), BrevoJson.Default.BrevoEvents), cancellationToken);
        if (response.StatusCode is HttpStatusCode.MultiStatus or HttpStatusCode.BadRequest)
        {
            var body = await response.Content.ReadAsStringAsync(cancellationToken);
            if (body.Contains("\"failed_events\"", StringComparison.Ordinal))
            {
                var errors = JsonSerializer.Deserialize(body, BrevoJson.Default.BrevoEventErrors)?.Errors ?? [];
                return errors.SelectMany(error => (error.EventIndex ?? []).Select(index => (index, error.Message ?? "refused without a reason")))
                    .DistinctBy(each => each.index).ToDictionary(each => each.index, each => each.Item2);
            }
        }

        await ThrowIfFailedAsync(response, call.Name, account, cancellationToken);
        return new Dictionary<int, string>();
    }

    /// <summary>Our ids of the events of one name that Brevo has in a period, for settling a batch that was cut off.</summary>
    public async Task<HashSet<string>> StoredEventIdsAsync(BrevoSettings account, string eventName, DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        const int Page = 10_000;
        var ids = new HashSet<string>(StringComparer.Ordinal);
        for (var offset = 0; ; offset += Page)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"events?event_name={Uri.EscapeDataString(eventName)}&startDate={Uri.EscapeDataString(from.ToString("O"))}&endDate={Uri.EscapeDataString(to.ToString("O"))}&limit={Page}&offset={offset}");
            var stored = await ReadAsync(account, "GET /events", path, [Budget.BrevoEvents(account.CredentialId, account.Tier)], BrevoJson.Default.BrevoStoredEvents, cancellationToken);
            foreach (var each in stored.Events ?? [])
            {
                if (each.EventProperties.ValueKind == JsonValueKind.Object && each.EventProperties.TryGetProperty("event_id", out var id) && id.ValueKind == JsonValueKind.String)
                {
                    ids.Add(id.GetString()!);
                }
            }

            if ((stored.Events?.Count ?? 0) < Page)
            {
                return ids;
            }
        }
    }

    private static Budget[] Contacts(BrevoSettings account) => [Budget.BrevoContacts(account.CredentialId, account.Tier)];

    private static Budget[] Other(BrevoSettings account) => [Budget.BrevoOther(account.CredentialId, account.Tier)];

    private async Task<HttpResponseMessage> PostAsync<T>(
        BrevoSettings account, string name, string path, Budget[] budgets, T body, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        var response = await SendAsync(account, new("Brevo", name, budgets, Repeatable: false), HttpMethod.Post, path, () => JsonContent.Create(body, type), cancellationToken);
        await ThrowIfFailedAsync(response, name, account, cancellationToken);
        return response;
    }

    private async Task<T> ReadAsync<T>(BrevoSettings account, string name, string path, Budget[] budgets, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(account, new("Brevo", name, budgets, Repeatable: true), HttpMethod.Get, path, null, cancellationToken);
        await ThrowIfFailedAsync(response, name, account, cancellationToken);
        return await ReadAsync(response, name, type, cancellationToken);
    }

    private static async Task<T> ReadAsync<T>(HttpResponseMessage response, string name, JsonTypeInfo<T> type, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync(type, cancellationToken) ?? throw new PartnerException("Brevo", null, null, $"{name} answered nothing.");
        }
        catch (JsonException e)
        {
            throw new PartnerException("Brevo", null, null, $"{name} answered something that is not what its specification says ({e.Path}).", e);
        }
    }

    private async Task<HttpResponseMessage> SendAsync(BrevoSettings account, PartnerCall call, HttpMethod method, string path, Func<HttpContent>? content, CancellationToken cancellationToken)
    {
        var response = await OnceAsync();
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            response.Dispose();
            secrets.Forget(account.CredentialId);
            response = await OnceAsync();
        }

        return response;

        async Task<HttpResponseMessage> OnceAsync()
        {
            var key = await secrets.FieldAsync(account.CredentialId, "brevo", ["brevo-api-key"], ["apiKey"], cancellationToken);
            return await http.SendAsync(call, () => new(method, options.Value.BrevoApi + path) { Headers = { { "api-key", key } }, Content = content?.Invoke() }, cancellationToken);
        }
    }

    private static async Task ThrowIfFailedAsync(HttpResponseMessage response, string name, BrevoSettings account, CancellationToken cancellationToken)
    {
        if (!response.IsSuccessStatusCode)
        {
            using (response)
            {
                throw await FailureAsync(response, name, account, cancellationToken);
            }
        }
    }

    private static async Task<PartnerException> FailureAsync(HttpResponseMessage response, string name, BrevoSettings account, CancellationToken cancellationToken)
    {
        var body = await response.Content.ReadAsStringAsync(cancellationToken);
        BrevoError? error = null;
        try
        {
            error = JsonSerializer.Deserialize(body, BrevoJson.Default.BrevoError);
        }
        catch (JsonException)
        {
            // A proxy's page instead of Brevo's answer: the status has to say it all.
        }

        var detail = response.StatusCode switch
        {
            HttpStatusCode.Unauthorized => $"401 Unauthorized: the API key of credential {account.CredentialId} is not valid. Create a new one at https://app.brevo.com/settings/keys/api, allow this server's address there, and store it in the credential.",
            HttpStatusCode.Forbidden => $"403 Forbidden: the API key of credential {account.CredentialId} may not do {name}.",
            HttpStatusCode.TooManyRequests => $"429 again and again at {name}: something else uses up the limit of this account.",
            (HttpStatusCode)524 => $"524 at {name}: Brevo took too long to answer.",
            _ => error?.Message is { Length: > 0 } message ? Personal.Mask(message) : $"{name} answered {(int)response.StatusCode}.",
        };
        return new("Brevo", response.StatusCode, error?.Code, detail);
    }
}
