using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Platform.Couriers.Landing;
using Platform.Couriers.Runs;
using Xunit;

namespace Platform.Couriers.Tests.Landing;

public sealed class RetentionTests(CouriersApp app)
{
    [Fact]
    public async Task Old_bytes_go_their_story_stays_and_they_come_again_when_wanted()
    {
        var bucket = await app.NewBucketAsync();
        await app.PutAsync(bucket, "old.csv", "old");
        await app.PutAsync(bucket, "young.csv", "young");
        var courier = await app.CreateAsync(app.NewS3Courier(bucket, "'*.csv'"));
        var files = await app.FilesOfAsync((string)(await app.RunAsync(courier, new { mode = "all" }))["id"]!);
        var old = (string)files[0]["fileId"]!;
        await using (var age = app.Database.CreateCommand("update landed_files set landed_at = landed_at - interval '10 days' where id = $1"))
        {
            age.Parameters.Add(new() { Value = old });
            await age.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        using var retention = new LandingRetention(
            app.Database, app.Services.GetRequiredService<LandingStore>(), Options.Create(new LandingOptions { KeepDays = 5 }), TimeProvider.System, NullLogger<LandingRetention>.Instance);
        await retention.SweepAsync(TestContext.Current.CancellationToken);

        var removed = await app.GetAsync($"/api/landed-files/{old}");
        Assert.NotNull(removed["removedAt"]);
        Assert.False(File.Exists(Path.Combine(app.LandingRoot, (string)removed["location"]!)));
        Assert.Equal("young", await app.ReadLandedAsync(files[1]["fileId"]));
        Assert.Equal(1, (int)(await app.RunAsync(courier, new { mode = "all" }))["files"]!["pulled"]!);
    }
}
