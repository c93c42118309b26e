using Platform.Files.Locations;
using Platform.Files.Locations.S3;
using Xunit;

namespace Platform.Files.Tests.Locations;

public sealed class AddressGuardTests
{
    [Theory]
    [InlineData("https://169.254.169.254/")]
    [InlineData("https://2852039166/")]
    [InlineData("https://[::ffff:169.254.169.254]/")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("https://[fd00:ec2::254]/")]
    [InlineData("https://0.0.0.0/")]
    [InlineData("https://user:password@s3.example.com/")]
    public void Metadata_and_link_local_addresses_are_always_refused(string endpoint)
    {
        Assert.NotNull(new AddressGuard(new()).WhyRefused(new Uri(endpoint)));
        Assert.NotNull(new AddressGuard(new() { AllowPrivateHosts = true }).WhyRefused(new Uri(endpoint)));
    }

    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://localhost/")]
    [InlineData("https://10.1.2.3/")]
    [InlineData("https://172.31.0.1/")]
    [InlineData("https://192.168.1.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[fd12::1]/")]
    [InlineData("http://s3.example.com/")]
    public void Private_addresses_and_plain_http_must_be_allowed(string endpoint)
    {
        Assert.NotNull(new AddressGuard(new()).WhyRefused(new Uri(endpoint)));
        Assert.Null(new AddressGuard(new() { AllowPrivateHosts = true }).WhyRefused(new Uri(endpoint)));
    }

    [Fact]
    public async Task A_name_that_leads_to_a_private_address_is_refused_when_it_is_connected_to()
    {
        using var client = new HttpClient(new AddressGuard(new()).CreateHandler());

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("http://localhost:9/", TestContext.Current.CancellationToken));

        Assert.Equal(LocationFault.AddressRefused, Assert.IsType<LocationException>(refused.InnerException).Fault);
    }

    [Fact]
    public void An_endpoint_that_is_not_allowed_opens_no_location()
    {
        using var connections = new S3Connections(new(new()));

        var refused = Assert.Throws<LocationException>(() => connections.Open(
            new() { Bucket = "b", Region = "us-east-1", Endpoint = new("https://127.0.0.1:9000"), AccessKey = "a", SecretKey = "s" }, TimeProvider.System));

        Assert.Equal(LocationFault.AddressRefused, refused.Fault);
    }
}
