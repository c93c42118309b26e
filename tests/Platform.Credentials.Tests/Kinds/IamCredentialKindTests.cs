using Platform.Credentials.Kinds;
using Platform.Credentials.Kinds.IamCredential;
using Xunit;

namespace Platform.Credentials.Tests.Kinds;

public sealed class IamCredentialKindTests
{
    [Theory]
    [InlineData("endpoint", "https://s3.example.com", true)]
    [InlineData("endpoint", "https://s3.example.com:8443/", true)]
    [InlineData("endpoint", "http://s3.example.com", false)]
    [InlineData("endpoint", "https://user:password@s3.example.com", false)]
    [InlineData("endpoint", "https://s3.example.com/bucket", false)]
    [InlineData("endpoint", "s3.example.com", false)]
    [InlineData("endpoint", "file:///etc/passwd", false)]
    [InlineData("region", "eu-central-1", true)]
    [InlineData("region", "eu central", false)]
    [InlineData("roleArn", "arn:aws:iam::123456789012:role/path/courier", true)]
    [InlineData("roleArn", "arn:aws-cn:iam::123456789012:role/courier", true)]
    [InlineData("roleArn", "arn:aws:iam:::role/courier", true)]
    [InlineData("roleArn", "arn:aws:iam::123456789012:user/courier", false)]
    [InlineData("externalId", "x", false)]
    [InlineData("accessKey", "with space", false)]
    [InlineData("secretKey", "tab\t", false)]
    public void Fields_are_checked(string field, string value, bool valid)
    {
        var problems = Kind(allowPrivateHosts: false).Validate(With((field, value), ("roleArn", field == "roleArn" ? value : "arn:aws:iam::123456789012:role/r")));

        Assert.Equal(valid ? [] : [$"$.fields.{field}"], problems.Select(problem => problem.Path));
    }

    [Fact]
    public void Plain_HTTP_is_for_hosts_that_the_operator_allows() => Assert.Empty(Kind(allowPrivateHosts: true).Validate(With(("endpoint", "http://127.0.0.1:9000"))));

    [Fact]
    public void An_external_id_needs_a_role() => Assert.Equal("$.fields.externalId", Assert.Single(Kind(allowPrivateHosts: false).Validate(With(("externalId", "given-by-owner")))).Path);

    [Fact]
    public void Two_types_of_one_name_stop_the_start() => Assert.Contains(
        "Two credential types are named 'iam-credential'",
        Assert.Throws<InvalidOperationException>(() => new CredentialKinds([Kind(allowPrivateHosts: false), Kind(allowPrivateHosts: false)])).Message);

    private static IamCredentialKind Kind(bool allowPrivateHosts) => new(KindsUnderTest.Hosts(allowPrivateHosts));

    private static Dictionary<string, string> With(params (string Field, string Value)[] changes)
    {
        var fields = new Dictionary<string, string> { ["accessKey"] = "AKIA", ["secretKey"] = "secret", ["region"] = "us-east-1" };
        foreach (var (field, value) in changes)
        {
            fields[field] = value;
        }

        return fields;
    }
}
