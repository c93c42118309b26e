using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Scheduler.Alerts;

/// <summary>Posts alerts as signed JSON, by the conventions of Standard Webhooks: headers webhook-id, webhook-timestamp and webhook-signature.</summary>
internal sealed class WebhookSender(AddressGuard guard, WebhookSecrets secrets, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    private readonly HttpClient _http = new(guard.CreateHandler()) { Timeout = Patience, MaxResponseContentBufferSize = 64 * 1024 };

    /// <summary>Returns what the target answered; throws <see cref="AlertFailedException"/> unless it accepted.</summary>
    public async Task<string> SendAsync(string channelId, WebhookSettings settings, AlertMessage message, CancellationToken cancellationToken)
    {
        var secret = secrets.Derive(channelId, settings.SecretVersion);
        if (WebhookSecrets.CheckOf(secret) != settings.SecretCheck)
        {
            throw new AlertFailedException(
                $"The key that the channel's signing secret was derived from has been replaced. Make a new secret with POST /api/alert-channels/{channelId}/secret and give it to the receiver.", forGood: true);
        }

        var target = new Uri(settings.Url);
        if (guard.WhyRefused(target) is { } reason)
        {
            throw new AlertFailedException(reason, forGood: true);
        }

        // The time is that of this attempt: receivers refuse old ones.
        var timestamp = clock.GetUtcNow().ToUnixTimeSeconds();
        var body = JsonSerializer.Serialize(new { type = message.Type, timestamp = message.At, data = message }, PlatformJson.Options);
        using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new StringContent(body, Encoding.UTF8, new MediaTypeHeaderValue("application/json")) };
        request.Headers.Add("webhook-id", message.Id);
        request.Headers.Add("webhook-timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSecrets.Sign(secret, message.Id, timestamp, body));
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return response.IsSuccessStatusCode
                ? $"{target.Authority} accepted it with status {(int)response.StatusCode}."
                : throw new AlertFailedException(
                    $"{target.Authority} answered with status {(int)response.StatusCode}; expected 200 to 299.", forGood: response.StatusCode == HttpStatusCode.Gone);
        }
        catch (HttpRequestException e) when (AddressRefusedException.In(e) is { } refused)
        {
            throw new AlertFailedException(refused.Message, forGood: true, e);
        }
        catch (HttpRequestException e)
        {
            throw new AlertFailedException($"{target.Authority} cannot be reached: {e.Message}", cause: e);
        }
        catch (TaskCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new AlertFailedException($"{target.Authority} did not answer within {Patience.TotalSeconds:0} seconds.", cause: e);
        }
    }

    public void Dispose() => _http.Dispose();
}
