using System.Net;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler.Clients;

/// <summary>The couriers service on the internal channel.</summary>
internal sealed partial class CouriersClient(HttpClient http, ILogger<CouriersClient> logger)
{
    // A group is saved while a person waits.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <summary>Which of the couriers do not exist; null when the couriers service cannot say at present.</summary>
    public async Task<IReadOnlyList<string>?> MissingAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            using var response = await http.PostAsJsonAsync("/internal/couriers/resolve", new Request(ids), PlatformJson.Options, patience.Token);
            return response.StatusCode == HttpStatusCode.NotFound ? null : (await response.ReadAsync<Answer>(patience.Token)).Missing;
        }
        catch (Exception e) when (e is HttpRequestException or InternalCallException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            NotResolved(logger, e.Message);
            return null;
        }
    }

    private sealed record Request(IReadOnlyList<string> Ids);

    private sealed record Answer(IReadOnlyList<string> Missing);

    [LoggerMessage(EventId = 520, Level = LogLevel.Warning, Message = "The couriers service does not answer: the couriers of a group are saved unchecked ({Reason})")]
    private static partial void NotResolved(ILogger logger, string reason);
}
