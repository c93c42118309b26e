using Platform.Credentials.Kinds;
using Platform.Credentials.Kinds.BrevoApiKey;
using Platform.Credentials.Kinds.IamRole;
using Platform.Credentials.Kinds.OptimizelyExport;
using Platform.Credentials.Kinds.OptimizelyOauth;
using Platform.Credentials.Kinds.OptimizelySdkKey;
using Platform.Credentials.Kinds.OptimizelyToken;
using Platform.Credentials.Kinds.Smtp;
using Platform.Credentials.Secrets;
using Xunit;

namespace Platform.Credentials.Tests.Kinds;

public sealed class OtherKindsTests
{
    private static readonly Dictionary<string, Dictionary<string, string?>> Valid = new()
    {
        ["iam-role"] = new() { ["buckets"] = "acme-exports,acme.archive", ["region"] = "us-east-1", ["roleArn"] = "arn:aws:iam::123456789012:role/courier", ["externalId"] = "given-by-us" },
        ["optimizely-export"] = new() { ["token"] = "2:token", ["accountId"] = "12345678" },
        ["optimizely-token"] = new() { ["token"] = "2:token" },
        ["optimizely-oauth"] = new() { ["clientId"] = "1001", ["clientSecret"] = "secret", ["refreshToken"] = "refresh" },
        ["optimizely-sdk-key"] = new() { ["sdkKey"] = "BLsSFScP7tSY5SCYuKn8c" },
        ["brevo-api-key"] = new() { ["apiKey"] = "xkeysib-0123456789abcdef-XyZ" },
        ["smtp"] = new() { ["host"] = "smtp.example.com", ["port"] = "587", ["security"] = "starttls", ["user"] = "alerts", ["password"] = "p ö", ["from"] = "alerts@example.com" },
    };

    [Theory]
    [InlineData("iam-role", "buckets", "one two\n three,", true)]
    [InlineData("iam-role", "buckets", "s3://one", false)]
    [InlineData("iam-role", "buckets", "one,Two", false)]
    [InlineData("iam-role", "buckets", " , ", false)]
    [InlineData("iam-role", "region", "", false)]
    [InlineData("iam-role", "roleArn", "arn:aws:iam::123456789012:user/x", false)]
    [InlineData("iam-role", "endpoint", "http://s3.example.com", false)]
    [InlineData("iam-role", "endpoint", "https://s3.example.com", true)]
    [InlineData("optimizely-export", "accountId", "12 34", false)]
    [InlineData("optimizely-export", "token", "with\nline", false)]
    [InlineData("optimizely-token", "token", "", false)]
    [InlineData("optimizely-oauth", "refreshToken", "", false)]
    [InlineData("optimizely-oauth", "clientSecret", "two words", false)]
    [InlineData("optimizely-sdk-key", "sdkKey", "../secret", false)]
    [InlineData("optimizely-sdk-key", "sdkKey", "..", false)]
    [InlineData("brevo-api-key", "apiKey", "xsmtpsib-0123456789abcdef-XyZ", false)]
    [InlineData("brevo-api-key", "apiKey", "xkeysib-0123 456", false)]
    [InlineData("smtp", "port", "99999", false)]
    [InlineData("smtp", "security", "ssl", false)]
    [InlineData("smtp", "security", "tls", true)]
    [InlineData("smtp", "security", "none", false)]
    [InlineData("smtp", "from", "Alerts <alerts@example.com>", false)]
    [InlineData("smtp", "from", "a@b\r\nBcc: c@d", false)]
    [InlineData("smtp", "password", "", false)]
    public void Fields_are_checked(string kind, string field, string value, bool valid) =>
        Assert.Equal(valid ? [] : [field], KindsUnderTest.Problems(Kind(kind), Valid[kind].With(field, value)));

    [Fact]
    public void Every_kind_accepts_its_example_and_names_all_that_is_missing()
    {
        foreach (var (name, fields) in Valid)
        {
            Assert.Empty(KindsUnderTest.Problems(Kind(name), fields));
            Assert.Equal(Kind(name).Fields.Where(field => field.Required).Select(field => field.Name), KindsUnderTest.Problems(Kind(name), []));
        }
    }

    [Fact]
    public void An_external_id_needs_a_role() => Assert.Equal(["externalId"], KindsUnderTest.Problems(Kind("iam-role"), Valid["iam-role"].With("roleArn", null)));

    [Fact]
    public void A_list_is_kept_with_commas_and_without_doubles() =>
        Assert.Equal("one,two,three", CredentialFields.FromInput(Kind("iam-role"), new Dictionary<string, string?> { ["buckets"] = "one\ntwo, three one" })["buckets"]);

    [Fact]
    public void Mail_without_TLS_is_for_servers_of_ones_own_and_never_with_a_password()
    {
        var plain = Valid["smtp"].With("security", "none");
        var smtp = new SmtpKind(KindsUnderTest.Hosts(allowPrivateHosts: true));

        Assert.Equal(["security"], KindsUnderTest.Problems(smtp, plain));
        Assert.Empty(KindsUnderTest.Problems(smtp, plain.With("user", null).With("password", null)));
    }

    private static CredentialKind Kind(string name) => new CredentialKind[]
    {
        new IamRoleKind(KindsUnderTest.Hosts()), new OptimizelyExportKind(), new OptimizelyTokenKind(), new OptimizelyOauthKind(), new OptimizelySdkKeyKind(), new BrevoApiKeyKind(), new SmtpKind(KindsUnderTest.Hosts()),
    }.Single(kind => kind.Name == name);
}
