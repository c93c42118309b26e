namespace Platform.Scheduler.Alerts;

/// <summary>Sends an alert to a channel, whatever its type.</summary>
internal sealed class AlertSender(SmtpSender smtp, WebhookSender webhook)
{
    /// <summary>Returns what the other side said; throws <see cref="AlertFailedException"/> unless the alert arrived.</summary>
    public Task<string> SendAsync(AlertChannel channel, AlertMessage message, CancellationToken cancellationToken) => channel switch
    {
        { Smtp: { } settings } => smtp.SendAsync(settings, message, cancellationToken),
        { Webhook: { } settings } => webhook.SendAsync(channel.Id, settings, message, cancellationToken),
        _ => throw new InvalidOperationException($"The alert channel {channel.Id} has settings of no known type."),
    };
}
