using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.Options;
using Npgsql;
using Platform.Scheduler.Alerts;
using Platform.Scheduler.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Outgoing;
using Platform.ServiceDefaults.Security;

namespace Platform.Scheduler.Endpoints;

/// <summary>Where alerts go (S8): e-mail and signed webhooks, each with a test.</summary>
internal static class AlertChannelEndpoints
{
    public static void MapAlertChannelEndpoints(this WebApplication app)
    {
        var group = app.MapGroup("/api/alert-channels").WithTags("alert channels").RequireAuthorization(Roles.Viewer);
        group.MapGet("/", ListAsync).WithName("ListAlertChannels").WithSummary("Lists alert channels by name.");
        group.MapGet("/{id}", GetAsync).WithName("GetAlertChannel").WithSummary("One alert channel.").ProducesProblem(404);
        group.MapPost("/", CreateAsync).WithName("CreateAlertChannel").WithSummary("Creates an alert channel. A webhook's signing secret is in the answer, and never shown again.")
            .RequireAuthorization(Roles.Operator).ProducesProblem(400).ProducesProblem(409);
        group.MapPut("/{id}", ReplaceAsync).WithName("ReplaceAlertChannel").WithSummary("Replaces an alert channel's settings. Its type and signing secret stay.")
            .RequireAuthorization(Roles.Operator).ProducesProblem(400).ProducesProblem(404).ProducesProblem(409);
        group.MapDelete("/{id}", DeleteAsync).WithName("DeleteAlertChannel").WithSummary("Deletes an alert channel that no courier group uses.")
            .RequireAuthorization(Roles.Operator).ProducesProblem(404).ProducesProblem(409);
        group.MapPost("/{id}/secret", RenewSecretAsync).WithName("RenewAlertChannelSecret").WithSummary("Gives a webhook a new signing secret, shown this once; the old one is void.")
            .RequireAuthorization(Roles.Operator).ProducesProblem(404).ProducesProblem(409);
        group.MapPost("/{id}/test", TestAsync).WithName("TestAlertChannel").WithSummary("Sends a test alert now and says what came of it.")
            .RequireAuthorization(Roles.Operator).ProducesProblem(404);
        group.MapGet("/{id}/deliveries", DeliveriesAsync).WithName("ListAlertDeliveries").WithSummary("Lists a channel's alerts, the newest first, with those given up as dead.").ProducesProblem(404);
    }

    private static async Task<Results<Ok<Page<AlertChannelView>>, ProblemHttpResult>> ListAsync(
        SchedulerDbContext db, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var channels = await db.AlertChannels.AsNoTracking().Where(row => after == null || string.Compare(row.Name, after) > 0).OrderBy(row => row.Name).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<AlertChannelView>.From(channels.ConvertAll(row => AlertChannelView.Of(row)), limit, view => view.Name));
    }

    private static async Task<Results<Ok<AlertChannelView>, ProblemHttpResult>> GetAsync(string id, SchedulerDbContext db, CancellationToken cancellationToken) =>
        await db.AlertChannels.FindAsync([id], cancellationToken) is { } channel ? TypedResults.Ok(AlertChannelView.Of(channel)) : Unknown(id).ToResult();

    private static async Task<Results<Created<AlertChannelView>, ProblemHttpResult>> CreateAsync(
        AlertChannelInput input, SchedulerDbContext db, AddressGuard guard, IOptions<OutgoingOptions> outgoing, WebhookSecrets secrets, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (input.Problems(guard, outgoing.Value) is { Count: > 0 } problems)
        {
            return Refusal.Invalid("The alert channel", problems).ToResult();
        }

        var now = clock.GetUtcNow();
        var id = PublicId.Short("ac");
        var secret = input.Webhook is null ? null : secrets.Derive(id, 1);
        var channel = new AlertChannel
        {
            Id = id,
            Name = input.Name!,
            Type = input.Smtp is null ? AlertChannelType.Webhook : AlertChannelType.Smtp,
            Smtp = input.Smtp?.ToSettings(),
            Webhook = secret is null ? null : new(input.Webhook!.Url!, 1, WebhookSecrets.CheckOf(secret)),
            Campaigns = CampaignAlerts.Of(input.Campaigns),
            CreatedAt = now,
            UpdatedAt = now,
        };
        db.AlertChannels.Add(channel);
        return await SaveAsync(db, channel.Name, cancellationToken) is { } refusal
            ? refusal.ToResult()
            : TypedResults.Created($"/api/alert-channels/{id}", AlertChannelView.Of(channel, secret));
    }

    private static async Task<Results<Ok<AlertChannelView>, ProblemHttpResult>> ReplaceAsync(
        string id, AlertChannelInput input, SchedulerDbContext db, AddressGuard guard, IOptions<OutgoingOptions> outgoing, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await db.AlertChannels.FindAsync([id], cancellationToken) is not { } channel)
        {
            return Unknown(id).ToResult();
        }

        var problems = input.Problems(guard, outgoing.Value);
        if (channel.Smtp is null != input.Smtp is null)
        {
            problems.Add(new("$", $"The channel is of type {(channel.Smtp is null ? "webhook" : "smtp")}, which stays; make another channel for another type."));
        }

        if (problems.Count > 0)
        {
            return Refusal.Invalid("The alert channel", problems).ToResult();
        }

        (channel.Name, channel.Smtp, channel.Campaigns, channel.UpdatedAt) = (input.Name!, input.Smtp?.ToSettings(), CampaignAlerts.Of(input.Campaigns), clock.GetUtcNow());
        channel.Webhook = channel.Webhook is { } webhook ? webhook with { Url = input.Webhook!.Url! } : null;
        return await SaveAsync(db, channel.Name, cancellationToken) is { } refusal ? refusal.ToResult() : TypedResults.Ok(AlertChannelView.Of(channel));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, SchedulerDbContext db, CancellationToken cancellationToken)
    {
        if (await db.AlertChannels.FindAsync([id], cancellationToken) is not { } channel)
        {
            return Unknown(id).ToResult();
        }

        var users = (await db.CourierGroups.AsNoTracking().Where(group => group.DeletedAt == null).ToListAsync(cancellationToken)).FindAll(group => group.Settings.Alerts.Channels.Contains(id));
        if (users.Count > 0)
        {
            return Refusal.Conflict("alert-channel-used", "The alert channel is used",
                $"'{channel.Name}' gets the alerts of {string.Join(", ", users.Select(group => $"'{group.Name}' ({group.Id})"))}. Take it out there first.").ToResult();
        }

        db.AlertChannels.Remove(channel);
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.NoContent();
    }

    private static async Task<Results<Ok<AlertChannelView>, ProblemHttpResult>> RenewSecretAsync(
        string id, SchedulerDbContext db, WebhookSecrets secrets, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (await db.AlertChannels.FindAsync([id], cancellationToken) is not { } channel)
        {
            return Unknown(id).ToResult();
        }

        if (channel.Webhook is not { } webhook)
        {
            return Refusal.Conflict("no-webhook", "The alert channel is no webhook", $"'{channel.Name}' sends e-mail; its password is in the credential it names.").ToResult();
        }

        var version = webhook.SecretVersion + 1;
        var secret = secrets.Derive(id, version);
        (channel.Webhook, channel.UpdatedAt) = (webhook with { SecretVersion = version, SecretCheck = WebhookSecrets.CheckOf(secret) }, clock.GetUtcNow());
        await db.SaveChangesAsync(cancellationToken);
        return TypedResults.Ok(AlertChannelView.Of(channel, secret));
    }

    private static async Task<Results<Ok<AlertTestResult>, ProblemHttpResult>> TestAsync(
        string id, SchedulerDbContext db, AlertSender sender, TimeProvider clock, HttpContext http, CancellationToken cancellationToken)
    {
        if (await db.AlertChannels.FindAsync([id], cancellationToken) is not { } channel)
        {
            return Unknown(id).ToResult();
        }

        try
        {
            var answer = await sender.SendAsync(channel, AlertMessage.Test(PublicId.Sequential("nt"), clock.GetUtcNow(), channel.Name, http.CallerName()), cancellationToken);
            return TypedResults.Ok(new AlertTestResult(true, answer));
        }
        catch (AlertFailedException e)
        {
            return TypedResults.Ok(new AlertTestResult(false, e.Message));
        }
    }

    private static async Task<Results<Ok<Page<AlertDeliveryView>>, ProblemHttpResult>> DeliveriesAsync(
        string id, SchedulerDbContext db, CancellationToken cancellationToken, QueryWord<DeliveryState>? state = null, int limit = Paging.DefaultLimit, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        if (!await db.AlertChannels.AnyAsync(channel => channel.Id == id, cancellationToken))
        {
            return Unknown(id).ToResult();
        }

        var wanted = state?.Value;
        var deliveries = await db.AlertDeliveries.AsNoTracking()
            .Where(row => row.ChannelId == id && (wanted == null || row.State == wanted) && (after == null || string.Compare(row.Id, after) < 0))
            .OrderByDescending(row => row.Id).Take(limit + 1)
            .Select(row => new AlertDeliveryView(row.Id, row.NotificationId, row.State, row.Attempt, row.LastError, row.NextAttemptAt, row.CreatedAt, row.EndedAt))
            .ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<AlertDeliveryView>.From(deliveries, limit, view => view.Id));
    }

    private static async Task<Refusal?> SaveAsync(SchedulerDbContext db, string name, CancellationToken cancellationToken)
    {
        try
        {
            await db.SaveChangesAsync(cancellationToken);
            return null;
        }
        catch (DbUpdateException e) when (e.InnerException is PostgresException { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "ix_alert_channels_name" })
        {
            return Refusal.Conflict("name-taken", "The name is taken", $"There is an alert channel '{name}' already. Choose another name, or change that channel.");
        }
    }

    private static Refusal Unknown(string id) => Refusal.NotFound("alert channel", id, "GET /api/alert-channels lists them.");
}

/// <summary>An alert channel. `secret` is there only in the answer that makes it.</summary>
internal sealed record AlertChannelView(
    string Id, string Name, AlertChannelType Type, SmtpSettings? Smtp, AlertWebhookView? Webhook, CampaignAlerts? Campaigns, string? Secret, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt)
{
    public static AlertChannelView Of(AlertChannel channel, string? secret = null) => new(channel.Id, channel.Name, channel.Type, channel.Smtp,
        channel.Webhook is { } webhook ? new(webhook.Url, webhook.SecretVersion) : null, channel.Campaigns, secret, channel.CreatedAt, channel.UpdatedAt);
}

/// <summary>A webhook; `secretVersion` counts its signing secrets.</summary>
internal sealed record AlertWebhookView(string Url, int SecretVersion);

/// <summary>What came of a test.</summary>
internal sealed record AlertTestResult(bool Success, string Message);

/// <summary>An alert on its way, arrived, or given up.</summary>
internal sealed record AlertDeliveryView(
    string Id, string NotificationId, DeliveryState State, int Attempts, string? LastError, DateTimeOffset? NextAttemptAt, DateTimeOffset CreatedAt, DateTimeOffset? EndedAt);
