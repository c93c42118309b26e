using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Reports;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Endpoints;

internal enum TimelineUnit
{
    Day,
    Hour,
}

internal static class ReportEndpoints
{
    public static void MapReports(this WebApplication app)
    {
        var reports = app.MapGroup("/api/campaigns/reports/{connectionId}").RequireAuthorization(Roles.Viewer).WithTags("campaign reports");
        reports.MapGet("/mailings", Mailings).WithName("ListMailingReports").WithSummary("What became of the mailings, newest first: sent, delivered, bounces, opens, clicks, unsubscribes, rates");
        reports.MapGet("/mailings/{mailingId:long}", Mailing).WithName("GetMailingReport").WithSummary("What became of one mailing");
        reports.MapGet("/mailings/{mailingId:long}/timeline", Timeline).WithName("GetMailingTimeline").WithSummary("The course of a mailing by hours or days: openings, clicks, unsubscribes, and the rates as they grew");
        reports.MapGet("/mailings/{mailingId:long}/words", Words).WithName("ListMailingWords").WithSummary("How often each state and category stands in a mailing's files, known or not, and which mean bounces");
        reports.MapGet("/waves", Waves).WithName("ListWaveReports").WithSummary("What became of the waves: the mailings of each together, newest first; mailings of no known dispatch are unassigned");
        reports.MapGet("/mailings/{mailingId:long}/links", Links).WithName("ListLinkReports").WithSummary("Clicks of a mailing by link, most clicked first");
    }

    private static async Task<Results<Ok<Page<MailingReport>>, ProblemHttpResult>> Mailings(
        string connectionId, CampaignsDbContext context, Reporting reporting, CancellationToken cancellationToken, int limit = Paging.DefaultLimit, long? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        return await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is { } connection
            ? TypedResults.Ok(Page<MailingReport>.From(
                await reporting.MailingsAsync(connection, null, after, limit + 1, cancellationToken), limit, report => report.MailingId.ToString(CultureInfo.InvariantCulture)))
            : ConnectionEndpoints.Unknown(connectionId).ToResult();
    }

    private static async Task<Results<Ok<MailingReport>, ProblemHttpResult>> Mailing(
        string connectionId, long mailingId, CampaignsDbContext context, Reporting reporting, CancellationToken cancellationToken)
    {
        if (await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(connectionId).ToResult();
        }

        return await reporting.MailingsAsync(connection, mailingId, null, 1, cancellationToken) is [var report]
            ? TypedResults.Ok(report)
            : UnknownMailing(connectionId, mailingId).ToResult();
    }

    private static async Task<Results<Ok<List<LinkReport>>, ProblemHttpResult>> Links(
        string connectionId, long mailingId, CampaignsDbContext context, Reporting reporting, CancellationToken cancellationToken) =>
        await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is { } connection
            ? TypedResults.Ok(await reporting.LinksAsync(connection, mailingId, cancellationToken))
            : ConnectionEndpoints.Unknown(connectionId).ToResult();

    private static async Task<Results<Ok<List<WaveReport>>, ProblemHttpResult>> Waves(string connectionId, CampaignsDbContext context, Reporting reporting, CancellationToken cancellationToken) =>
        await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is { } connection
            ? TypedResults.Ok(await reporting.WavesAsync(connection, cancellationToken))
            : ConnectionEndpoints.Unknown(connectionId).ToResult();

    private static async Task<Results<Ok<List<TimelineStep>>, ProblemHttpResult>> Timeline(
        string connectionId, long mailingId, CampaignsDbContext context, Reporting reporting, CancellationToken cancellationToken, QueryWord<TimelineUnit>? by = null)
    {
        if (await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is not { } connection)
        {
            return ConnectionEndpoints.Unknown(connectionId).ToResult();
        }

        return await reporting.MailingsAsync(connection, mailingId, null, 1, cancellationToken) is [var mailing]
            ? TypedResults.Ok(await reporting.TimelineAsync(connection, mailing, by?.Value == TimelineUnit.Hour, cancellationToken))
            : UnknownMailing(connectionId, mailingId).ToResult();
    }

    private static async Task<Results<Ok<List<WordCount>>, ProblemHttpResult>> Words(
        string connectionId, long mailingId, CampaignsDbContext context, Reporting reporting, CancellationToken cancellationToken) =>
        await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is { } connection
            ? TypedResults.Ok(await reporting.WordsAsync(connection, mailingId, cancellationToken))
            : ConnectionEndpoints.Unknown(connectionId).ToResult();

    private static Refusal UnknownMailing(string connectionId, long mailingId) => Refusal.NotFound(
        "mailing", mailingId.ToString(CultureInfo.InvariantCulture), $"No response file of the connection has named it yet; GET /api/campaigns/reports/{connectionId}/mailings lists those that were.");
}
