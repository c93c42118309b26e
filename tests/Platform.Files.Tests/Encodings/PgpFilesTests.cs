using System.Text;
using Platform.Files.Engine;
using Platform.Testing.Processes;
using Xunit;

namespace Platform.Files.Tests.Encodings;

/// <summary>Files that GnuPG encrypted, with a key or a passphrase.</summary>
public sealed class PgpFilesTests(PgpFilesTests.Keys keys, Unpacking unpacking) : IClassFixture<PgpFilesTests.Keys>, IClassFixture<Unpacking>
{
    private static readonly byte[] Text = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 30_000).Select(i => $"{i};{i * 7919}\n")));

    [Theory]
    [InlineData("--compress-algo=none")]
    [InlineData("--compress-algo=zip")]
    [InlineData("--armor")]
    public void A_private_key_opens_what_was_encrypted_for_it(string option)
    {
        var message = keys.Encrypt("ours", Text, option);
        Assert.Equal(Text, unpacking.Unpack(unpacking.Packed(message, pgp: keys.Of("ours"))).Single().Content);
        AssertNothingLeft();
    }

    [Fact]
    public void Packed_files_inside_are_unpacked_and_PGP_inside_archives_is_opened()
    {
        var message = keys.Encrypt("ours", CompressedFilesTests.Pack("gzip", Text));
        Assert.Equal(Text, unpacking.Unpack(unpacking.Packed(message, new() { Compression = "gzip" }, keys.Of("ours"))).Single().Content);
        Assert.Equal(Text, unpacking.Unpack(unpacking.Packed(CompressedFilesTests.Pack("zstd", message), pgp: keys.Of("ours"))).Single().Content);
    }

    [Fact]
    public void A_passphrase_opens_what_was_encrypted_with_it()
    {
        var message = keys.Gpg(["--symmetric", "--passphrase", "open sesame é"], Text);
        Assert.Equal(Text, unpacking.Unpack(unpacking.Packed(message, pgp: new() { Passphrase = "open sesame é" })).Single().Content);
        Assert.Contains("passphrase is wrong or missing", unpacking.Refused(unpacking.Packed(message, pgp: new() { Passphrase = "wrong" })), StringComparison.Ordinal);
        Assert.Contains("passphrase is wrong or missing", unpacking.Refused(unpacking.Packed(message, pgp: new())), StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public void A_missing_key_is_named()
    {
        var message = keys.Encrypt("theirs", Text);
        Assert.Matches("it is encrypted for the key [0-9A-F]{16}, and the credential holds another one", unpacking.Refused(unpacking.Packed(message, pgp: keys.Of("ours"))));
        Assert.Contains("Set object/pgp-credential", unpacking.Refused(unpacking.Packed(message)), StringComparison.Ordinal);
        Assert.Contains("private key is not one that GnuPG takes", unpacking.Refused(unpacking.Packed(message, pgp: new() { PrivateKey = "no key" })), StringComparison.Ordinal);
        AssertNothingLeft();
    }

    [Fact]
    public void A_wrong_passphrase_of_a_key_is_said_to_be_wrong()
    {
        var message = keys.Encrypt("ours", Text);
        var said = unpacking.Refused(unpacking.Packed(message, pgp: new() { PrivateKey = keys.Of("ours").PrivateKey, Passphrase = "wrong one" }));
        Assert.Contains("passphrase is wrong or missing", said, StringComparison.Ordinal);
        Assert.DoesNotContain("wrong one", said, StringComparison.Ordinal);
    }

    [Fact]
    public void A_message_that_breaks_off_or_was_changed_is_refused()
    {
        var message = keys.Encrypt("ours", Text, "--compress-algo=none");
        foreach (var length in new[] { message.Length - 1, message.Length - 30, message.Length / 2 })
        {
            unpacking.Refused(unpacking.Packed(message[..length], pgp: keys.Of("ours")));
        }

        message[^300] ^= 1;
        unpacking.Refused(unpacking.Packed(message, pgp: keys.Of("ours")));
        AssertNothingLeft();
    }

    private void AssertNothingLeft()
    {
        Assert.Empty(Directory.EnumerateDirectories(unpacking.Folder, "pgp*", SearchOption.AllDirectories));
        Assert.DoesNotContain(Directory.EnumerateDirectories("/proc"), folder => CommandLine(folder).Contains(unpacking.Folder, StringComparison.Ordinal));
    }

    private static string CommandLine(string folder)
    {
        try
        {
            return File.ReadAllText(Path.Combine(folder, "cmdline"));
        }
        catch (IOException)
        {
            return "";
        }
    }

    /// <summary>Two key pairs, made by GnuPG in a home of their own; "ours" has a passphrase.</summary>
    public sealed class Keys : IDisposable
    {
        private const string Passphrase = "correct horse";

        private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("gnupg-");
        private readonly Dictionary<string, string> _private = [];

        public Keys()
        {
            foreach (var (name, passphrase) in new[] { ("ours", Passphrase), ("theirs", "") })
            {
                Gpg(["--passphrase", passphrase, "--quick-generate-key", $"{name}@example.org", "future-default", "default", "never"], []);
                _private[name] = Encoding.ASCII.GetString(Gpg(["--passphrase", passphrase, "--armor", "--export-secret-keys", $"{name}@example.org"], []));
            }
        }

        public PgpKey Of(string name) => new() { PrivateKey = _private[name], Passphrase = name == "ours" ? Passphrase : null };

        public byte[] Encrypt(string name, byte[] content, params string[] options) => Gpg([.. options, "--encrypt", "--recipient", $"{name}@example.org"], content);

        public byte[] Gpg(string[] arguments, byte[] content) =>
            Tool.Run("gpg", ["--homedir", _home.FullName, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback", "--trust-model", "always", .. arguments], content);

        public void Dispose()
        {
            Tool.Run("gpgconf", ["--homedir", _home.FullName, "--kill", "all"]);
            _home.Delete(recursive: true);
        }
    }
}
