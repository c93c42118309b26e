using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.Options;
using Platform.Files.Locations;
using Platform.Files.Locations.S3;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Couriers.Sources.Connections;

/// <summary>Addresses of partners. Section <c>Partners</c>.</summary>
internal sealed class PartnerOptions
{
    /// <summary>Optimizely's REST API, version 2.</summary>
    public string OptimizelyApi { get; set; } = "https://api.optimizely.com/v2/";
}

/// <summary>Keys of S3 that Optimizely sold, with the place they open.</summary>
internal sealed record ExportAccess(TemporaryKeys Keys, string? Bucket, string? Prefix);

/// <summary>Buys temporary S3 keys from Optimizely for a personal token: <c>GET /v2/export/credentials?duration=1h</c> (R7).</summary>
internal sealed class ExportKeys(AddressGuard guard, IOptions<PartnerOptions> partners) : IDisposable
{
    private const int MaxAnswer = 64 * 1024;

    private readonly HttpClient _http = new(guard.CreateHandler()) { Timeout = TimeSpan.FromSeconds(15), MaxResponseContentBufferSize = MaxAnswer };

    public async Task<TemporaryKeys> BuyAsync(string token, CancellationToken cancellationToken) => (await AskAsync(token, cancellationToken)).Keys;

    /// <summary>The keys, and the path Optimizely says the account's events lie in.</summary>
    public async Task<ExportAccess> AskAsync(string token, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, new Uri(new Uri(partners.Value.OptimizelyApi), "export/credentials?duration=1h"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var answer = await _http.SendAsync(request, cancellationToken);
            return answer.IsSuccessStatusCode ? Read(await answer.Content.ReadAsStringAsync(cancellationToken)) : throw Refused(answer.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw AddressRefusedException.In(e) is { } refused ? new(LocationFault.AddressRefused, refused.Message, e)
                : new LocationException(LocationFault.Unavailable, "Optimizely's API does not answer when asked for keys to the events export. Check the network; the run tries again by itself.", e);
        }
    }

    public void Dispose() => _http.Dispose();

    private static LocationException Refused(HttpStatusCode status) => status switch
    {
        HttpStatusCode.Unauthorized => new(LocationFault.WrongSecret,
            "Optimizely does not accept the personal token (401); it may have been revoked or have expired. Generate a new one in Optimizely under Profile, API Access, and enter it in the credential."),
        HttpStatusCode.Forbidden => new(LocationFault.AccessDenied,
            "Optimizely's personal token may not have keys to the events export (403). Its owner must be allowed to, and Enriched Events Export must be enabled for the account."),
        HttpStatusCode.NotFound => new(LocationFault.BadSettings, "Optimizely knows no events export for this token (404). Ask Optimizely to enable Enriched Events Export for the account."),
        HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => new(LocationFault.Unavailable, $"Optimizely's API could not sell keys to the events export at present ({(int)status})."),
        _ => new(LocationFault.BadSettings, $"Optimizely's API refused to sell keys to the events export ({(int)status})."),
    };

    private static ExportAccess Read(string text)
    {
        try
        {
            using var answer = JsonDocument.Parse(text);
            var keys = answer.RootElement.GetProperty("credentials");
            var path = answer.RootElement.TryGetProperty("s3Path", out var s3Path) && Uri.TryCreate(s3Path.GetString(), UriKind.Absolute, out var uri) ? uri : null;
            return new(
                new(Text(keys, "accessKeyId"), Text(keys, "secretAccessKey"), Text(keys, "sessionToken"), DateTimeOffset.FromUnixTimeMilliseconds(keys.GetProperty("expiration").GetInt64())),
                path?.Host, path?.AbsolutePath.TrimStart('/'));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException or ArgumentOutOfRangeException)
        {
            // The answer holds keys: it is not quoted, and neither is what the parser says about it.
            throw new LocationException(LocationFault.Unavailable, "Optimizely's API answered with something that is not its description of export credentials.");
        }
    }

    private static string Text(JsonElement keys, string name) => keys.GetProperty(name).GetString() is { Length: > 0 } text ? text : throw new FormatException();
}
