using Microsoft.Extensions.Configuration;
using Platform.Credentials.MasterKeys;
using Platform.Credentials.Secrets;
using Platform.Testing;
using Xunit;

namespace Platform.Credentials.Tests.Secrets;

public sealed class SecretVaultTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_sealed_opens_and_no_two_sealings_are_alike()
    {
        await CredentialsApp.WriteMasterKeyAsync(_folder.Path, 1);
        using var keys = Keys();
        var vault = new SecretVault(keys);
        var fields = new Dictionary<string, string> { ["secretKey"] = "s3cr3t ü", ["sessionToken"] = new('t', 8000) };

        var one = vault.Seal("cred-1", "iam-credential", 1, fields);
        var two = vault.Seal("cred-1", "iam-credential", 1, fields);

        Assert.Equal(fields, vault.Open(one, "iam-credential"));
        Assert.Equal(["secretKey", "sessionToken"], one.SetFields);
        Assert.NotEqual(one.Payload, two.Payload);
        Assert.NotEqual(one.WrappedKey, two.WrappedKey);
    }

    [Fact]
    public async Task Any_changed_byte_of_either_part_is_found()
    {
        await CredentialsApp.WriteMasterKeyAsync(_folder.Path, 1);
        using var keys = Keys();
        var vault = new SecretVault(keys);
        var secret = vault.Seal("cred-1", "iam-credential", 1, new Dictionary<string, string> { ["secretKey"] = "x" });
        foreach (var part in (byte[][])[secret.Payload, secret.WrappedKey])
        {
            for (var i = 0; i < part.Length; i++)
            {
                part[i] ^= 1;
                Assert.Throws<SecretUnreadableException>(() => vault.Open(secret, "iam-credential"));
                part[i] ^= 1;
            }
        }

        secret.Payload = secret.Payload[..20];
        Assert.Throws<SecretUnreadableException>(() => vault.Open(secret, "iam-credential"));
    }

    [Fact]
    public async Task The_highest_generation_seals_and_the_older_ones_still_open()
    {
        await CredentialsApp.WriteMasterKeyAsync(_folder.Path, 2);
        using var before = Keys();
        var old = new SecretVault(before).Seal("cred-1", "iam-credential", 1, new Dictionary<string, string> { ["secretKey"] = "old" });
        await CredentialsApp.WriteMasterKeyAsync(_folder.Path, 10);
        using var after = Keys();
        var vault = new SecretVault(after);

        var renewed = vault.Seal("cred-1", "iam-credential", 2, new Dictionary<string, string> { ["secretKey"] = "new" });

        Assert.Equal((2, 10), (old.MasterGeneration, renewed.MasterGeneration));
        Assert.Equal("old", vault.Open(old, "iam-credential")["secretKey"]);
        Assert.Equal("new", vault.Open(renewed, "iam-credential")["secretKey"]);
    }

    [Fact]
    public async Task A_missing_and_a_replaced_master_key_are_told_apart()
    {
        await CredentialsApp.WriteMasterKeyAsync(_folder.Path, 1);
        SealedSecret secret;
        using (var keys = Keys())
        {
            secret = new SecretVault(keys).Seal("cred-1", "iam-credential", 1, new Dictionary<string, string> { ["secretKey"] = "x" });
        }

        await CredentialsApp.WriteMasterKeyAsync(_folder.Path, 1);
        using (var replaced = Keys())
        {
            Assert.Contains("that key was replaced", Assert.Throws<SecretUnreadableException>(() => new SecretVault(replaced).Open(secret, "iam-credential")).Message);
        }

        File.Move(_folder.PathOf("1.key"), _folder.PathOf("3.key"));
        using var missing = Keys();
        Assert.Contains(
            "wrapped by master key generation 1, and there are only 3. Put the file 1.key",
            Assert.Throws<SecretUnreadableException>(() => new SecretVault(missing).Open(secret, "iam-credential")).Message);
    }

    [Theory]
    [InlineData("1.key", "c2hvcnQ=", "must hold exactly 32 bytes in base64")]
    [InlineData("1.key", "not base64 at all, is it?", "must hold exactly 32 bytes in base64")]
    [InlineData("1.key", "", "must hold exactly 32 bytes in base64")]
    [InlineData("1.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "must hold exactly 32 bytes in base64")]
    [InlineData("first.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "must be named by its generation")]
    [InlineData("0.key", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "must be named by its generation")]
    [InlineData("1.txt", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", "holds no file GENERATION.key")]
    public void An_unusable_key_stops_the_start_by_name_and_is_never_quoted(string file, string content, string expected)
    {
        File.WriteAllText(_folder.PathOf(file), content);

        var problem = Assert.Throws<InvalidOperationException>(Keys).Message;

        Assert.Contains(expected, problem);
        Assert.True(content.Length == 0 || !problem.Contains(content, StringComparison.Ordinal));
    }

    [Fact]
    public void A_missing_folder_or_setting_stops_the_start()
    {
        Assert.Contains("which does not exist", Assert.Throws<InvalidOperationException>(() => Keys("/nowhere/at/all")).Message);
        Assert.Contains("The setting MasterKeys:Folder is missing", Assert.Throws<InvalidOperationException>(() => new KeyRing(new ConfigurationBuilder().Build())).Message);
    }

    private KeyRing Keys() => Keys(_folder.Path);

    private static KeyRing Keys(string folder) =>
        new(new ConfigurationBuilder().AddInMemoryCollection([new KeyValuePair<string, string?>("MasterKeys:Folder", folder)]).Build());
}
