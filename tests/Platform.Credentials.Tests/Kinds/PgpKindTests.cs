using Platform.Credentials.Kinds.Pgp;
using Xunit;

namespace Platform.Credentials.Tests.Kinds;

public sealed class PgpKindTests
{
    private static readonly string Public = KindsUnderTest.Key("pgp-public.asc");
    private static readonly string Private = KindsUnderTest.Key("pgp-private.asc");

    [Theory]
    [InlineData(true, true, "x", null)]
    [InlineData(true, false, null, null)]
    [InlineData(false, true, null, null)]
    [InlineData(false, false, null, "privateKey")]
    [InlineData(true, false, "x", "passphrase")]
    public void One_key_is_needed_and_a_passphrase_needs_the_private_one(bool publicKey, bool privateKey, string? passphrase, string? problem)
    {
        var fields = new Dictionary<string, string?> { ["publicKey"] = publicKey ? Public : null, ["privateKey"] = privateKey ? Private : null, ["passphrase"] = passphrase };

        Assert.Equal(problem is null ? [] : [problem], KindsUnderTest.Problems(new PgpKind(), fields));
    }

    [Fact]
    public void Keys_with_other_line_ends_comments_or_no_checksum_are_taken()
    {
        var lines = Public.TrimEnd().Split('\n');
        string[] taken = [Public.ReplaceLineEndings("\r\n"), $"  {Public}\n", string.Join('\n', [lines[0], "Version: BCPG 1.64", "Comment: a: b", .. lines[1..]]), string.Join('\n', lines.Where(line => !line.StartsWith('=')))];

        foreach (var text in taken)
        {
            Assert.Empty(KindsUnderTest.Problems(new PgpKind(), new() { ["publicKey"] = text }));
        }
    }

    [Fact]
    public void Anything_else_is_refused()
    {
        var middle = Public.Length / 2;
        string[] refused =
        [
            Private, "not a key", Public[..^30], Public.Remove(middle, 1), Public[..middle] + (Public[middle] == 'A' ? 'B' : 'A') + Public[(middle + 1)..],
            Private.Replace("PRIVATE", "PUBLIC", StringComparison.Ordinal), "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n=AAAA\n-----END PGP PUBLIC KEY BLOCK-----", "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            "-----BEGIN PGP PUBLIC KEY BLOCK-----\n" + new string('\n', 100_000) + "-----END PGP PUBLIC KEY BLOCK-----",
        ];

        foreach (var text in refused)
        {
            Assert.Equal(["publicKey"], KindsUnderTest.Problems(new PgpKind(), new() { ["publicKey"] = text }));
        }
    }
}
