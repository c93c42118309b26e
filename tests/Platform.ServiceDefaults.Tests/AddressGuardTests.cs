using System.Net;
using System.Net.Sockets;
using Platform.ServiceDefaults.Outgoing;
using Xunit;

namespace Platform.ServiceDefaults.Tests;

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

        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("http://localhost:9/", Xunit.TestContext.Current.CancellationToken));

        Assert.Contains("private address", AddressRefusedException.In(refused)!.Message);
    }

    [Theory]
    [InlineData("169.254.169.254", false)]
    [InlineData("metadata.localhost", true)]
    [InlineData("LOCALHOST.", true)]
    [InlineData("10.0.0.7", true)]
    [InlineData("::ffff:169.254.169.254", false)]
    [InlineData("[::1]", true)]
    public void Hosts_are_judged_as_endpoints_are(string host, bool whenAllowed)
    {
        Assert.NotNull(new AddressGuard(new()).WhyRefused(host));
        Assert.Equal(whenAllowed, new AddressGuard(new() { AllowPrivateHosts = true }).WhyRefused(host) is null);
    }

    [Fact]
    public void A_public_host_is_judged_when_it_is_connected_to() => Assert.Null(new AddressGuard(new()).WhyRefused("sftp.example.com"));

    [Fact]
    public async Task A_refused_host_is_not_connected_to()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;

        await Assert.ThrowsAsync<AddressRefusedException>(() => new AddressGuard(new()).ConnectAsync("localhost", port, Xunit.TestContext.Current.CancellationToken));
        Assert.False(listener.Pending());
        await using var connected = await new AddressGuard(new() { AllowPrivateHosts = true }).ConnectAsync("localhost", port, Xunit.TestContext.Current.CancellationToken);
        Assert.True(connected.CanWrite);
    }
}
