using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Couriers.Tests.Sources;

public sealed class PullingFromSftpTests(CouriersApp app, SshServer ssh) : IClassFixture<SshServer>
{
    [Fact]
    public async Task A_day_lands_without_unfinished_files_and_only_once()
    {
        var folder = NewFolder();
        await WriteAsync(folder, "rows-2024-02-01.csv", "a;b");
        await WriteAsync(folder, "rows-2024-02-01.csv.part", "a");
        await WriteAsync(folder, ".rows-2024-02-01.csv", "a");
        await WriteAsync(folder, "rows-2024-02-02.csv", "other day");
        var courier = await app.CreateAsync(NewCourier(folder, "'*rows-'yyyy-MM-dd'*'", settleSeconds: 0));

        var run = await app.RunAsync(courier, new { mode = "day", date = "2024-02-01" });

        var file = Assert.Single(await app.FilesOfAsync((string)run["id"]!));
        Assert.Equal("a;b", await app.ReadLandedAsync(file["fileId"]));
        Assert.Equal(0, (int)(await app.RunAsync(courier, new { mode = "day", date = "2024-02-01" }))["files"]!["pulled"]!);
        await WriteAsync(folder, "rows-2024-02-01.csv", "a;b;c");
        Assert.Equal(1, (int)(await app.RunAsync(courier, new { mode = "day", date = "2024-02-01" }))["files"]!["pulled"]!);
    }

    [Fact]
    public async Task Folders_and_large_files_land_whole()
    {
        var folder = NewFolder();
        var large = new string('x', 3_000_000);
        await WriteAsync(folder, "2024/02/a.csv", large);
        await WriteAsync(folder, "2024/03/b.csv", "b");
        var courier = await app.CreateAsync(NewCourier(folder, "yyyy/MM/'*.csv'", settleSeconds: 0));

        var files = await app.FilesOfAsync((string)(await app.RunAsync(courier, new { mode = "all" }))["id"]!);

        Assert.Equal(["2024/02/a.csv", "2024/03/b.csv"], files.Select(file => (string)file["key"]!));
        Assert.Equal(large, await app.ReadLandedAsync(files[0]["fileId"]));
    }

    [Fact]
    public async Task A_growing_file_is_taken_when_it_has_settled()
    {
        var folder = NewFolder();
        var path = ssh.PathOf(folder, "rows-2024-02-01.csv");
        await WriteAsync(folder, "rows-2024-02-01.csv", "0");
        var runId = await app.StartAsync(await app.CreateAsync(NewCourier(folder, "'rows-'yyyy-MM-dd'.csv'", settleSeconds: 1)), new { mode = "day", date = "2024-02-01" });

        await Until.True(async () =>
        {
            await File.AppendAllTextAsync(path, "more", TestContext.Current.CancellationToken);
            return ((string?)(await app.GetRunAsync(runId))["message"])?.Contains("is still being written") == true;
        }, cancellationToken: TestContext.Current.CancellationToken);

        await app.WaitAsync(runId);
        Assert.Equal(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), await app.ReadLandedAsync(Assert.Single(await app.FilesOfAsync(runId))["fileId"]));
    }

    [Fact]
    public async Task A_server_with_another_host_key_is_not_talked_to()
    {
        var folder = NewFolder();
        var id = NewCredential(hostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ5e8zL0eLv0mW3hO7nC1dGQ7m0w0oVZ0m4mJw3o0e3K");
        var body = NewCourier(folder, "'*.csv'", 0);
        body["credentialId"] = id;

        var run = await app.RunAsync(await app.CreateAsync(body), new { mode = "all" }, "failed");

        Assert.Equal("configuration", (string)run["failure"]!["category"]!);
        Assert.Contains("did not prove the pinned host key", (string)run["message"]!);
    }

    [Fact]
    public async Task Credentials_are_tried_by_login()
    {
        var good = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = NewCredential() });
        var refused = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = NewCredential(key: ssh.UnknownKey) });
        var missing = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = NewCredential(), Prefix = "/no/such/directory" });

        Assert.Equal((true, "Connection successful"), (good.Success, good.Message));
        Assert.Contains("refused the login", refused.Message);
        Assert.Contains("no such file or directory", missing.Message);
    }

    private static string NewFolder() => Guid.CreateVersion7().ToString("n");

    private async Task WriteAsync(string folder, string name, string content)
    {
        var path = ssh.PathOf(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
    }

    private string NewCredential(string? hostKey = null, string? key = null)
    {
        var id = $"cred-{Guid.CreateVersion7():n}";
        app.Sisters.Credentials[id] = new JsonObject
        {
            ["id"] = id,
            ["type"] = "sftp",
            ["version"] = 1,
            ["fields"] = new JsonObject { ["host"] = "127.0.0.1", ["port"] = ssh.Port, ["user"] = ssh.User, ["privateKey"] = key ?? ssh.PrivateKey, ["hostKey"] = hostKey ?? ssh.HostKey },
        };
        return id;
    }

    private JsonObject NewCourier(string folder, string pattern, int settleSeconds) =>
        app.NewCourier("sftp", NewCredential(), new() { ["directory"] = ssh.PathOf(folder), ["settleSeconds"] = settleSeconds }, (pattern, "rows", "text/csv"));
}
