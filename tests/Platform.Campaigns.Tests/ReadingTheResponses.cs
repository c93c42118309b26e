using System.Text.Json.Nodes;
using Xunit;

namespace Platform.Campaigns.Tests;

public sealed class ReadingTheResponses(CampaignsApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_recipient_counts_once_in_each_figure_and_automatic_opens_stay_apart()
    {
        await using (var tables = app.DomainTables.CreateCommand(
            """
            create table domain."Figures:Mailings" (id bigint, client_id bigint, started timestamptz, finished timestamptz);
            create table domain."Figures:Recipients" (id bigint, mailing_id bigint, sending_status text, delivery_status text, response_category text);
            create table domain."Figures:Links" (id bigint, mailing_id bigint, name text, url text);
            create table domain."Figures:Clicks" (link_id bigint, mailing_id bigint, recipient_id bigint);
            create table domain."Figures:Opens" (mailing_id bigint, recipient_id bigint);
            create table domain."Figures:AutomatedOpens" (mailing_id bigint, recipient_id bigint);
            create table domain."Figures:Responses" (mailing_id bigint, recipient_id bigint, category text);
            insert into domain."Figures:Mailings" values (1, 10, '2021-01-01', null), (2, 10, '2021-01-02', null);
            insert into domain."Figures:Recipients" values
                (1, 2, 'sent', 'OK', null), (2, 2, 'sent', 'OK', null), (3, 2, 'sent', 'SOFT', 'fatal_bounce'), (4, 2, 'sent', 'SOFT', null),
                (5, 2, 'sent', 'OK', 'temporary_bounce'), (6, 2, 'could_not_be_sent', null, null), (7, 2, 'sent', 'OK', null), (8, 1, 'sent', 'OK', null);
            insert into domain."Figures:Links" values (100, 2, 'Shop', 'http://shop'), (101, 2, 'Shop', 'http://shop'), (102, 2, 'Imprint', 'http://imprint');
            insert into domain."Figures:Clicks" values (100, 2, 1), (100, 2, 1), (101, 2, 2), (100, 1, 8);
            insert into domain."Figures:Opens" values (2, 1), (2, 1), (2, 2);
            insert into domain."Figures:AutomatedOpens" values (2, 7), (2, 7);
            insert into domain."Figures:Responses" values (2, 7, 'autoresponder'), (2, 4, 'bounce'), (2, 1, 'something new');
            """))
        {
            await tables.ExecuteNonQueryAsync(Cancelled);
        }

        var connection = await app.ConnectAsync(settings => settings["responseSource"] = "Figures");
        var reports = (await connection.GetAsync($"/api/campaigns/reports/{connection.Id}/mailings"))["items"]!.AsArray();

        Assert.Equal([2L, 1L], reports.Select(report => (long)report!["mailingId"]!));
        var two = reports[0]!;
        Assert.Equal((6, 1, 1, 2, 3), (Figure(two, "sent"), Figure(two, "notSent"), Figure(two, "hardBounces"), Figure(two, "softBounces"), Figure(two, "delivered")));
        Assert.Equal((2, 3, 1, 2, 3, 0, 2), (Figure(two, "opens"), Figure(two, "totalOpens"), Figure(two, "automaticOpens"), Figure(two, "clicks"), Figure(two, "totalClicks"), Figure(two, "unsubscribes"), Figure(two, "responses")));
        Assert.Equal(0.666667, (double)two["openRate"]!);
        var links = (await connection.GetAsync($"/api/campaigns/reports/{connection.Id}/mailings/2/links")).AsArray();
        Assert.Equal([("Shop", 2, 3), ("Imprint", 0, 0)], links.Select(link => ((string)link!["name"]!, Figure(link, "clicks"), Figure(link, "totalClicks"))));
    }

    [Fact]
    public async Task Before_the_first_response_file_there_are_no_mailings()
    {
        var connection = await app.ConnectAsync(settings => settings["responseSource"] = "Nothing yet");
        Assert.Empty((await connection.GetAsync($"/api/campaigns/reports/{connection.Id}/mailings"))["items"]!.AsArray());
    }

    private static int Figure(JsonNode report, string name) => (int)report[name]!;
}
