namespace Platform.Files.Locations.S3;

/// <summary>
/// Receives every answer whole before the SDK sees it, except the content of objects. The SDK reads errors and listings synchronously from the connection, where neither cancellation nor
/// time-out reaches it, and when an error's body arrives after its headers it may dispose the answer while it is still being read: the connection then goes back to the pool with a
/// reader left on it, which swallows the answer of the next request. Redirects are Amazon's alone, from one region to another: those of any other server are told, not followed.
/// </summary>
internal sealed class WholeAnswers(HttpMessageHandler connections) : DelegatingHandler(connections)
{
    /// <summary>A page of 1,000 keys of 1,024 bytes each, as XML with everything escaped, stays far below.</summary>
    private const long MaxAnswer = 32 * 1024 * 1024;

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var response = await base.SendAsync(request, cancellationToken);
        if (response.IsSuccessStatusCode && IsObject(request))
        {
            return response;
        }

        try
        {
            if ((int)response.StatusCode is >= 300 and < 400 && response.Headers.Location is { } target && !IsAmazon(request.RequestUri))
            {
                throw new LocationException(LocationFault.BadSettings,
                    $"{request.RequestUri!.Authority} redirects to another server ({(target.IsAbsoluteUri ? target.Authority : "itself")}), which is not followed. Enter the address of the S3 server itself as the endpoint.");
            }

            await response.Content.LoadIntoBufferAsync(MaxAnswer, cancellationToken);
            return response;
        }
        catch
        {
            response.Dispose();
            throw;
        }
    }

    private static bool IsAmazon(Uri? server) => server!.Host.EndsWith(".amazonaws.com", StringComparison.OrdinalIgnoreCase) || server.Host.EndsWith(".amazonaws.com.cn", StringComparison.OrdinalIgnoreCase);

    // Listings are the only other GET, and have a query of their own or no path.
    private static bool IsObject(HttpRequestMessage request) =>
        request.Method == HttpMethod.Get && request.RequestUri is { AbsolutePath.Length: > 1 } uri
        && !uri.Query.Contains("list-type", StringComparison.Ordinal) && !uri.Query.StartsWith("?uploads", StringComparison.Ordinal) && !uri.Query.Contains("&uploads", StringComparison.Ordinal);
}
