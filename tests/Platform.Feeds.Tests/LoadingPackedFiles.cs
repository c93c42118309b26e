using System.Text.Json.Nodes;
using Platform.Feeds.Couriers;
using Platform.Files.Engine;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>Archives and encrypted files from the landing store to a table; the key comes from the credentials service, for the load and for the sample.</summary>
public sealed class LoadingPackedFiles(FeedsApp app)
{
    private const string Passphrase = "open sesame";

    [Fact]
    public async Task An_encrypted_sample_makes_a_feed_that_loads_it()
    {
        var key = NewKey(new { passphrase = Passphrase });
        var sample = Land("rows.csv.gz.gpg", Encrypt(Tool.Run("gzip", ["-c"], "id,v\n1,a\n2,b\n"u8.ToArray())), new() { PgpCredentialId = key });
        var (feed, table) = await app.ActiveFeedAsync(new() { ["sampleFileId"] = sample.FileId, ["primaryKey"] = new JsonArray("id") });

        Assert.Equal("loaded", (string?)(await app.LoadAsync(feed, sample))["state"]);
        Assert.Equal(["1|a", "2|b"], await app.RowsAsync(table));
    }

    [Fact]
    public async Task Members_of_an_archive_are_one_file_with_rows_numbered_on()
    {
        var folder = Directory.CreateTempSubdirectory("members-");
        byte[] archive;
        try
        {
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "a.csv"), "id,v\n1,a\n2,b\n", TestContext.Current.CancellationToken);
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, "b.csv"), "id,v\n3,c\nx,d\n", TestContext.Current.CancellationToken);
            archive = Tool.Run("tar", ["-cz", "a.csv", "b.csv"], folder: folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }

        var (feed, table) = await app.KeyedFeedAsync(threshold: 50);
        var load = await app.LoadAsync(feed, Land("rows.tar.gz", archive, new() { Member = new("*.csv", false) }));

        Assert.Equal("4 3 0 0 0 1 0", load.Counts());
        Assert.Equal(["1|a|1", "2|b|2", "3|c|3"], await app.RowsAsync(table, "id, v, _row_no"));
        var missing = await app.LoadAsync(feed, Land("missing.tar.gz", archive, new() { Member = new("c.csv", false) }));
        Assert.Equal(("failed", "badFile"), ((string)missing["state"]!, (string)missing["failure"]!));
        Assert.Contains("has no member 'c.csv'. Its files are: a.csv, b.csv", (string)missing["reason"]!, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_is_not_to_be_had_is_said_by_its_credential()
    {
        var (feed, _) = await app.KeyedFeedAsync();
        var secret = Encrypt("id,v\n1,a\n"u8.ToArray());

        var unknown = await app.LoadAsync(feed, Land("a.csv.gpg", secret, new() { PgpCredentialId = "cred-gone" }));
        var other = await app.LoadAsync(feed, Land("b.csv.gpg", secret, new() { PgpCredentialId = NewKey(new { }, "sftp") }));
        var wrong = await app.LoadAsync(feed, Land("c.csv.gpg", secret, new() { PgpCredentialId = NewKey(new { passphrase = "wrong one" }) }));

        Assert.Equal(["configuration", "configuration", "badFile"], new[] { unknown, other, wrong }.Select(load => (string)load["failure"]!));
        Assert.Contains("'cred-gone' does not exist", (string)unknown["reason"]!, StringComparison.Ordinal);
        Assert.Contains("is of type 'sftp'", (string)other["reason"]!, StringComparison.Ordinal);
        Assert.Contains("passphrase is wrong or missing", (string)wrong["reason"]!, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong one", wrong.ToJsonString(), StringComparison.Ordinal);
    }

    private static byte[] Encrypt(byte[] content)
    {
        var home = Directory.CreateTempSubdirectory("gnupg-");
        try
        {
            var secret = Tool.Run("gpg", ["--homedir", home.FullName, "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", Passphrase, "--symmetric"], content);
            Tool.Run("gpgconf", ["--homedir", home.FullName, "--kill", "all"]);
            return secret;
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    private string NewKey(object fields, string type = "pgp")
    {
        var id = $"cred-{Guid.CreateVersion7():n}";
        app.Landed.Secrets[id] = new { id, type, version = 1, fields };
        return id;
    }

    private LandedFile Land(string name, byte[] content, FileSettings settings)
    {
        var unique = $"{Guid.CreateVersion7():n}-{name}";
        File.WriteAllBytes(Path.Combine(app.LandingRoot, unique), content);
        return app.Landed.Add(app.LandExisting(unique) with { ContentType = "text/csv", Settings = settings });
    }
}
