using System.Diagnostics;
using Npgsql;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>A cancelled upload ends within seconds and leaves nothing on the partner's server.</summary>
public sealed class CancellingDispatches(CampaignsApp app)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_upload_that_hangs_ends_and_its_temporary_file_goes()
    {
        await using var link = new FaultyLink(app.Server.Port);
        var connection = await app.ConnectAsync(settings => settings["port"] = link.Port);
        var dispatch = TestConnection.Dispatch(await connection.ListAsync(), null);
        dispatch["query"] = """select 'p' || i || '@example.com' as "Email", repeat('x', 250) as "First name" from generate_series(1, 20000) as i""";
        link.StallAfter(1_000_000);
        var id = await connection.DispatchAsync(dispatch);
        await Until.True(() => connection.Files().Any(file => file.EndsWith(".tmp", StringComparison.Ordinal)) && link.IsStalled, cancellationToken: Cancelled);

        var waited = Stopwatch.StartNew();
        await connection.PostAsync($"/api/campaigns/dispatches/{id}/cancel", null);
        await Until.True(() => link.Connections > 1, cancellationToken: Cancelled, what: "the hanging connection was given up, and another one made to clean up");
        Assert.InRange(waited.Elapsed.TotalSeconds, 0, 5);
        link.Resume();

        await Until.True(() => connection.Files().Length == 0, cancellationToken: Cancelled);
        Assert.Equal("cancelled", (string)(await connection.GetDispatchAsync(id))["state"]!);
        await Until.Is(() => connection.GetDispatchAsync(id), found => found["files"]!.AsArray().All(file => (string)file!["state"]! == "prepared"), cancellationToken: Cancelled);
    }

    [Fact]
    public async Task Products_that_went_before_are_taken_back()
    {
        var connection = await app.ConnectAsync();
        var id = await connection.DispatchAsync(TestConnection.Dispatch(await connection.ListAsync(), [TestConnection.Recipient("a@example.com")], send: false));
        string[] left = ["20210101120000_products.csv", "20210101120000_recommendations.csv.3.tmp", "20210101120000_recommendations.csv", "20210101120000_subscribers.csv.3.tmp"];
        foreach (var file in left)
        {
            await File.WriteAllTextAsync(connection.PathOf("in", file), "x", Cancelled);
        }

        // As an upload looks that was cut down in its midst, beside a file of somebody else's under the name of the recommendations.
        await using (var cut = app.Database.CreateCommand("""
            with d as (update dispatches set state = 'failed', attempt = 3 where id = $1 returning id),
            s as (update dispatch_files set state = 'uploading', path = $2 || '_subscribers.csv', temporary_path = $2 || '_subscribers.csv.3.tmp' from d where dispatch_id = d.id)
            insert into dispatch_files (dispatch_id, kind, state, size, sha256, path, temporary_path)
            select id, 'products', 'uploaded', 1, '', $2 || '_products.csv', $2 || '_products.csv.3.tmp' from d
            union all select id, 'recommendations', 'renaming', 1, '', $2 || '_recommendations.csv', $2 || '_recommendations.csv.3.tmp' from d
            """))
        {
            cut.Parameters.Add(new NpgsqlParameter { Value = id });
            cut.Parameters.Add(new NpgsqlParameter { Value = connection.PathOf("in", "20210101120000") });
            await cut.ExecuteNonQueryAsync(Cancelled);
        }

        await connection.PostAsync($"/api/campaigns/dispatches/{id}/cancel", null);
        await Until.Is(() => connection.GetDispatchAsync(id), found => found["files"]!.AsArray().All(file => (string)file!["state"]! == "prepared"), cancellationToken: Cancelled);
        Assert.Equal(["20210101120000_recommendations.csv"], connection.Files());
    }
}
