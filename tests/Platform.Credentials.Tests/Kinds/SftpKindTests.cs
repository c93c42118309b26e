using Platform.Credentials.Kinds.Sftp;
using Xunit;

namespace Platform.Credentials.Tests.Kinds;

public sealed class SftpKindTests
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9qGZ0yZ0S5h1JxkqYw1dQyq0Hn9l1x2o3p4q5r6s7t";

    private static readonly Dictionary<string, string?> Valid = new() { ["host"] = "sftp.example.com", ["port"] = "2222", ["user"] = "u", ["password"] = "p", ["hostKey"] = HostKey };

    [Theory]
    [InlineData("user", "campaign-exchange", true)]
    [InlineData("user", "-oProxyCommand=x", false)]
    [InlineData("user", "two words", false)]
    [InlineData("password", "p'a\"s $ö", true)]
    [InlineData("password", "two\nlines", false)]
    [InlineData("hostKey", HostKey, true)]
    [InlineData("hostKey", "# sftp.example.com:22 SSH-2.0-OpenSSH\nsftp.example.com " + HostKey + "\n", true)]
    [InlineData("hostKey", "[sftp.example.com]:2222 " + HostKey + " root@sftp\r\n", true)]
    [InlineData("hostKey", "SHA256:abc", false)]
    [InlineData("hostKey", "# a comment alone", false)]
    [InlineData("hostKey", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9qGZ0yZ0S5h1JxkqYw1dQyq0Hn9l1x2o3p4q5r6s7", false)]
    [InlineData("hostKey", "ssh-rsa AAAAC3NzaC1lZDI1NTE5AAAAIB9qGZ0yZ0S5h1JxkqYw1dQyq0Hn9l1x2o3p4q5r6s7t", false)]
    [InlineData("host", "52.216.0.7", true)]
    [InlineData("host", "169.254.169.254", false)]
    [InlineData("host", "10.0.0.7", false)]
    [InlineData("host", "localhost", false)]
    [InlineData("host", "2600:9000::7", true)]
    [InlineData("host", "sftp://sftp.example.com", false)]
    [InlineData("host", "sftp.example.com:22", false)]
    [InlineData("host", "-oProxyCommand=x", false)]
    [InlineData("port", "65535", true)]
    [InlineData("port", "0", false)]
    [InlineData("port", "65536", false)]
    [InlineData("port", "+22", false)]
    [InlineData("port", "ssh", false)]
    public void Fields_are_checked(string field, string value, bool valid) => Assert.Equal(valid ? [] : [field], KindsUnderTest.Problems(Kind(), Valid.With(field, value)));

    [Theory]
    [InlineData(null, "openssh.key", null, null)]
    [InlineData(null, "openssh.key", "not needed", null)]
    [InlineData(null, "openssh-encrypted.key", "x", null)]
    [InlineData(null, "openssh-encrypted.key", null, "passphrase")]
    [InlineData(null, "pem-encrypted.key", null, "passphrase")]
    [InlineData(null, "pkcs8-encrypted.key", null, "passphrase")]
    [InlineData("p", null, null, null)]
    [InlineData("p", "openssh.key", null, "privateKey")]
    [InlineData(null, null, null, "privateKey")]
    [InlineData("p", null, "x", "passphrase")]
    public void A_password_or_a_key_with_its_passphrase_is_needed(string? password, string? key, string? passphrase, string? problem)
    {
        var fields = Valid.With("password", password).With("privateKey", key is null ? null : KindsUnderTest.Key(key)).With("passphrase", passphrase);

        Assert.Equal(problem is null ? [] : [problem], KindsUnderTest.Problems(Kind(), fields));
    }

    [Fact]
    public void A_key_is_taken_with_any_line_ends_and_refused_when_it_is_not_whole()
    {
        var key = KindsUnderTest.Key("openssh.key");
        Assert.Equal(key, Credentials.Secrets.CredentialFields.FromInput(Kind(), new Dictionary<string, string?> { ["privateKey"] = $"\r\n{key.ReplaceLineEndings("\r\n")}  " })["privateKey"]);
        string[] broken =
        [
            "PuTTY-User-Key-File-3: ssh-ed25519", key[..^20], key[20..], key.Replace('\n', 'ö'), key.Replace("OPENSSH ", "", StringComparison.Ordinal).Replace("b3Blb", "*", StringComparison.Ordinal),
            "-----BEGIN OPENSSH PRIVATE KEY-----\nbm8ga2V5\n-----END OPENSSH PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----", "-----BEGIN -----",
        ];
        foreach (var text in broken)
        {
            Assert.Equal(["privateKey"], KindsUnderTest.Problems(Kind(), Valid.With("password", null).With("privateKey", text)));
        }
    }

    [Fact]
    public void A_port_needs_its_host_and_neither_is_required()
    {
        Assert.Empty(KindsUnderTest.Problems(Kind(), Valid.With("host", null).With("port", null)));
        Assert.Equal(["host"], KindsUnderTest.Problems(Kind(), Valid.With("host", null)));
    }

    private static SftpKind Kind() => new(KindsUnderTest.Hosts());
}
