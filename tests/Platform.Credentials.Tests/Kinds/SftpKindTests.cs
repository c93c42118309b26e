using Platform.Credentials.Kinds.Sftp;
using Xunit;

namespace Platform.Credentials.Tests.Kinds;

public sealed class SftpKindTests
{
    private const string HostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB9qGZ0yZ0S5h1JxkqYw1dQyq0Hn9l1x2o3p4q5r6s7t";
    private const string Key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk=\n-----END OPENSSH PRIVATE KEY-----\n";

    [Theory]
    [InlineData("user", "campaign-exchange", true)]
    [InlineData("user", "-oProxyCommand=x", false)]
    [InlineData("user", "two words", false)]
    [InlineData("password", "p'a\"s $ö", true)]
    [InlineData("password", "two\nlines", false)]
    [InlineData("hostKey", HostKey, true)]
    [InlineData("hostKey", "# sftp.example.com:22 SSH-2.0-OpenSSH\nsftp.example.com " + HostKey + "\n", true)]
    [InlineData("hostKey", "SHA256:abc", false)]
    public void Fields_are_checked(string field, string value, bool valid)
    {
        var fields = new Dictionary<string, string> { ["user"] = "u", ["password"] = "p", ["hostKey"] = HostKey, [field] = value };
        Assert.Equal(valid ? [] : [$"$.fields.{field}"], new SftpKind().Validate(fields).Select(problem => problem.Path));
    }

    [Theory]
    [InlineData(null, Key, "x", null)]
    [InlineData(null, Key, null, null)]
    [InlineData("p", null, null, null)]
    [InlineData("p", Key, null, "$.fields.privateKey")]
    [InlineData(null, null, null, "$.fields.privateKey")]
    [InlineData("p", null, "x", "$.fields.passphrase")]
    [InlineData(null, "PuTTY-User-Key-File-3: ssh-ed25519", null, "$.fields.privateKey")]
    public void A_password_or_a_key_is_needed_and_not_both(string? password, string? key, string? passphrase, string? problem)
    {
        var fields = new Dictionary<string, string> { ["user"] = "u", ["hostKey"] = HostKey };
        foreach (var (name, value) in new[] { ("password", password), ("privateKey", key), ("passphrase", passphrase) })
        {
            if (value is not null)
            {
                fields[name] = value;
            }
        }

        Assert.Equal(problem is null ? [] : [problem], new SftpKind().Validate(fields).Select(found => found.Path));
    }
}
