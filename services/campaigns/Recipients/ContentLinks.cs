using System.Net;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Campaigns.Recipients;

/// <summary>Tries the addresses of content that the partner will fetch when the mailing is sent (L5). What does not answer becomes a warning: it may well be there by then.</summary>
internal sealed class ContentLinks(HttpClient http)
{
    public const int MostTried = 200;
    private const int MostNamed = 20;
    private const int AtOnce = 8;

    public async Task<IReadOnlyList<string>> TryAsync(IReadOnlyList<Uri> links, CancellationToken cancellationToken)
    {
        var faults = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(links.Take(MostTried), new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellationToken }, async (link, token) =>
        {
            if (await FaultOfAsync(link, token) is { } fault)
            {
                lock (faults)
                {
                    faults.Add(link.AbsoluteUri, fault);
                }
            }
        });
        var warnings = faults.Take(MostNamed).Select(fault => $"The content at {fault.Key} {fault.Value}").ToList();
        if (faults.Count > MostNamed)
        {
            warnings.Add($"{faults.Count - MostNamed:N0} more addresses of content do not answer.");
        }

        return warnings;
    }

    private async Task<string?> FaultOfAsync(Uri link, CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Head, link);
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);

            // Some servers know no HEAD, and the partner asks with GET.
            return response.IsSuccessStatusCode || response.StatusCode is HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotImplemented
                ? null
                : $"answers {(int)response.StatusCode}.";
        }
        catch (AddressRefusedException e)
        {
            return $"cannot be tried: {e.Message}";
        }
        catch (HttpRequestException e)
        {
            return $"cannot be fetched: {AddressRefusedException.In(e)?.Message ?? e.Message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return "does not answer in time.";
        }
    }
}
