using System.Diagnostics;
using Platform.Testing;
using Xunit;

namespace Platform.Couriers.Tests.Runs;

/// <summary>Own database and broker: a second instance of the service takes over from a process that is killed.</summary>
public sealed class KillingTheServiceTests(CouriersApp app)
{
    [Fact]
    public async Task A_service_killed_while_landing_leaves_no_half_file_and_its_run_is_finished_by_another()
    {
        await using var stalling = await StallingS3.StartAsync(app.S3.Endpoint, "slow");
        app.Sisters.Credentials["cred-killed"] = app.Credential(app.S3.SecretKey, endpoint: stalling.Address);
        var bucket = await app.NewBucketAsync();
        var content = new string('x', 200_000);
        await app.PutAsync(bucket, "in/slow.csv", content);
        var body = app.NewS3Courier(bucket, "'in/*.csv'");
        body["credentialId"] = "cred-killed";
        var courier = await app.CreateAsync(body);

        // The victim is the only one to take the run: the service under test has its hands full.
        using var victim = StartVictim();
        string id;
        try
        {
            id = await StartedByAsync(victim, courier);
            await Until.Is(() => app.GetRunAsync(id), run => (long)run["progress"]!["bytes"]! > 0, null, TestContext.Current.CancellationToken);
        }
        finally
        {
            victim.Kill();
            await victim.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        Assert.False(Directory.Exists(Path.Combine(app.LandingRoot, courier, id)));
        stalling.Release();
        var run = await app.WaitAsync(id);
        Assert.Equal(1, (int)run["files"]!["pulled"]!);
        Assert.Equal(content.Length, new FileInfo(Assert.Single(Directory.GetFiles(Path.Combine(app.LandingRoot, courier, id)))).Length);
    }

    private Process StartVictim()
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "Platform.Couriers.dll")]) { UseShellExecute = false, RedirectStandardOutput = true };
        foreach (var (key, value) in app.Settings.Values)
        {
            start.Environment[key.Replace(":", "__")] = value;
        }

        start.Environment["Urls"] = $"http://127.0.0.1:{FreePorts.Take(1)[0]}";
        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    // Runs are taken by whoever comes first: start until the victim has one; what the other took is cancelled.
    private async Task<string> StartedByAsync(Process victim, string courier)
    {
        while (true)
        {
            var id = await app.StartAsync(courier, new { mode = "all" });
            var owner = await Until.Is(() => OwnerAsync(id), name => name is not null, null, TestContext.Current.CancellationToken);
            if (owner!.Contains($"/{victim.Id}/", StringComparison.Ordinal))
            {
                return id;
            }

            await app.PostAsync($"/api/courier-runs/{id}/cancel", null, System.Net.HttpStatusCode.Accepted);
        }
    }

    private async Task<string?> OwnerAsync(string id)
    {
        await using var command = app.Database.CreateCommand("select lease_owner from courier_runs where id = $1");
        command.Parameters.Add(new() { Value = id });
        return await command.ExecuteScalarAsync() as string;
    }
}
