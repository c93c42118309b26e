using System.Text.Json.Nodes;
using Platform.CampaignStandIns;
using Platform.Testing;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>Recipients out, states back, with a partner that holds every byte against the agreement (L3-L6).</summary>
public sealed class TheLoopWithThePartner(CampaignsApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Recipients_with_everything_in_their_names_are_imported_and_the_mailing_is_sent()
    {
        var connection = await app.ConnectAsync(settings => settings["checkIntervalSeconds"] = 1);
        await using var campaign = Partner(connection.Folder);
        var list = await connection.ListOfAsync(new JsonObject { ["lineBreaks"] = "keep" });
        string?[] names = ["Ann", "\"", "\"\"", ";", "a;b\"c", "two\nlines", "Zoë 🎈", "", null, new string('ü', 255)];
        var recipients = new JsonArray([.. names.Select((name, i) => (JsonNode)TestConnection.Recipient($"person{i}@example.com", name, names[^(i + 1)]))]);
        var id = await connection.DispatchAsync(TestConnection.Dispatch(list, recipients));

        var dispatch = await connection.StateAsync(id, "sent");

        Assert.Empty(connection.Files("err"));
        var mailing = Assert.Single(campaign.Mailings);
        Assert.Equal((mailing.Id, TestConnection.SourceMailing, TestConnection.Wave, names.Length), ((long)dispatch["mailingId"]!, mailing.SourceMailing, mailing.Wave, mailing.Recipients.Count));
        Assert.Equal(["uploaded", "imported", "sending", "sent"], dispatch["history"]!.AsArray().Select(change => (string)change!["state"]!).SkipWhile(state => state != "uploaded"));
        await Until.True(() => connection.Files("out").Count(file => !file.EndsWith(".tmp", StringComparison.Ordinal)) == 8, cancellationToken: Cancelled);
    }

    [Fact]
    public async Task Another_order_of_fields_than_the_partner_knows_ends_in_its_error_file()
    {
        var connection = await app.ConnectAsync(settings => settings["checkIntervalSeconds"] = 1);
        await using var campaign = Partner(connection.Folder);
        var list = await connection.ListAsync(new JsonObject { ["name"] = "Town", ["type"] = "varchar", ["length"] = 20 });
        var id = await connection.DispatchAsync(TestConnection.Dispatch(list, [TestConnection.Recipient("a@example.com")]));

        var dispatch = await connection.StateAsync(id, "import-failed");

        Assert.Empty(campaign.Mailings);
        await Until.Is(() => connection.GetAsync($"/api/campaigns/connections/{connection.Id}"), found => (bool)found["halted"]!, cancellationToken: Cancelled);
        Assert.NotNull(dispatch["message"]);
    }

    [Fact]
    public async Task An_activated_source_mailing_cannot_be_started_and_each_client_has_directories_of_its_own()
    {
        var connection = await app.ConnectAsync(settings =>
        {
            settings["checkIntervalSeconds"] = 1;
            settings["clients"] = new JsonArray(new JsonObject { ["name"] = "shoes", ["directory"] = "shoes" }, new JsonObject { ["name"] = "hats", ["directory"] = "hats" });
        });
        await using var campaign = Partner(connection.Folder, ("shoes", 1), ("hats", 2));
        var shoes = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListOfAsync(new JsonObject { ["client"] = "shoes" }), [TestConnection.Recipient("a@example.com")]));
        var activated = TestConnection.Dispatch(await connection.ListOfAsync(new JsonObject { ["client"] = "hats" }), [TestConnection.Recipient("a@example.com")]);
        activated["sourceMailingId"] = 13;
        var hats = await connection.DispatchAsync(activated);

        await connection.StateAsync(shoes, "sent");
        await connection.StateAsync(hats, "start-failed");

        Assert.Equal([("hats", 2L, MailingState.Failed), ("shoes", 1L, MailingState.Sent)], campaign.Mailings.Select(mailing => (mailing.Directory, mailing.Client, mailing.State)).OrderBy(mailing => mailing.Client).Reverse());
        Assert.Empty(connection.Files());
    }

    private static CampaignStandIn Partner(string folder, params (string Directory, long Id)[] clients)
    {
        var agreement = new Agreement { Folder = folder, Every = TimeSpan.FromMilliseconds(100), ActivatedSourceMailings = new HashSet<long> { 13 } };
        var campaign = new CampaignStandIn(clients.Length == 0 ? agreement : agreement with { Clients = clients.ToDictionary(client => client.Directory, client => client.Id) }, TimeProvider.System);
        campaign.Start();
        return campaign;
    }
}
