using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Persistence;
using Platform.Campaigns.Reports;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Endpoints;

internal static class ReportEndpoints
{
    public static void MapReports(this WebApplication app)
    {
        var reports = app.MapGroup("/api/campaigns/reports/{connectionId}").RequireAuthorization(Roles.Viewer).WithTags("campaign reports");
        reports.MapGet("/mailings", Mailings).WithName("ListMailingReports").WithSummary("What became of the mailings, newest first: sent, delivered, bounces, opens, clicks, unsubscribes, rates");
        reports.MapGet("/mailings/{mailingId:long}", Mailing).WithName("GetMailingReport").WithSummary("What became of one mailing");
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
            : Refusal.NotFound("mailing", mailingId.ToString(CultureInfo.InvariantCulture), $"No response file of the connection has named it yet; GET /api/campaigns/reports/{connectionId}/mailings lists those that were.").ToResult();
    }

    private static async Task<Results<Ok<List<LinkReport>>, ProblemHttpResult>> Links(
        string connectionId, long mailingId, CampaignsDbContext context, Reporting reporting, CancellationToken cancellationToken) =>
        await context.Connections.AsNoTracking().SingleOrDefaultAsync(row => row.Id == connectionId, cancellationToken) is { } connection
            ? TypedResults.Ok(await reporting.LinksAsync(connection, mailingId, cancellationToken))
            : ConnectionEndpoints.Unknown(connectionId).ToResult();
}
