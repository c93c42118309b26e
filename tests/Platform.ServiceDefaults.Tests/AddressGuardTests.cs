using System.Net;
using System.Net.NetworkInformation;
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
    [InlineData("https://0xA9FEA9FE/")]
    [InlineData("https://0251.0376.0251.0376/")]
    [InlineData("https://169.254.43518/")]
    [InlineData("https://169.16689662/")]
    [InlineData("https://169.254.169.254./")]
    [InlineData("https://１６９.254.169.254/")]
    [InlineData("https://169。254。169。254/")]
    [InlineData("https://168.63.129.16/")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/")]
    [InlineData("https://[64:ff9b:1::a9fe:a9fe]/")]
    [InlineData("https://[::ffff:0:a9fe:a9fe]/")]
    [InlineData("https://[::a9fe:a9fe]/")]
    [InlineData("https://[2002:a9fe:a9fe::1]/")]
    [InlineData("https://[2001:0:1234::5601:5601]/")]
    [InlineData("https://[2a00::5efe:a9fe:a9fe]/")]
    [InlineData("https://[fd20:ce::254]/")]
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
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f.1/")]
    [InlineData("https://0177.0.0.01/")]
    [InlineData("https://127.1/")]
    [InlineData("https://[::ffff:10.0.0.1]/")]
    [InlineData("https://172.31.0.1/")]
    [InlineData("https://192.168.1.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[fd12::1]/")]
    [InlineData("https://192.0.2.1/")]
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
    [InlineData("192.168.7.7", "private address 192.168.7.7")]
    [InlineData("169.254.169.254", "metadata or reserved address 169.254.169.254")]
    [InlineData("::ffff:10.0.0.1", "private address 10.0.0.1")]
    [InlineData("::1", "private address ::1")]
    public async Task A_public_name_is_judged_by_what_it_resolves_to_at_each_connect(string leadsTo, string reason)
    {
        var answers = new Queue<IPAddress>([IPAddress.Parse("52.216.0.1"), IPAddress.Parse(leadsTo)]);
        var guard = new AddressGuard(new(), (_, _) => Task.FromResult<IPAddress[]>([answers.Dequeue()]));
        Assert.Null(guard.WhyRefused(new Uri("https://partner.example.com/")));
        Assert.Equal([IPAddress.Parse("52.216.0.1")], await guard.ResolveAsync("partner.example.com", Xunit.TestContext.Current.CancellationToken));

        using var client = new HttpClient(guard.CreateHandler());
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync("https://partner.example.com/", Xunit.TestContext.Current.CancellationToken));

        Assert.Contains(reason, AddressRefusedException.In(refused)!.Message);
        Assert.Contains("partner.example.com", AddressRefusedException.In(refused)!.Message);
    }

    [Fact]
    public void The_machines_own_addresses_must_be_allowed_whatever_they_are()
    {
        var own = NetworkInterface.GetAllNetworkInterfaces().SelectMany(network => network.GetIPProperties().UnicastAddresses).Select(address => address.Address)
            .Where(address => address is { IsIPv6LinkLocal: false }).ToList();

        Assert.NotEmpty(own);
        Assert.All(own, address => Assert.NotNull(new AddressGuard(new()).WhyRefused(address.ToString())));
        Assert.All(own, address => Assert.Null(new AddressGuard(new() { AllowPrivateHosts = true }).WhyRefused(address.ToString())));
    }

    [Fact]
    public async Task Of_several_addresses_only_those_that_are_allowed_are_connected_to()
    {
        var guard = new AddressGuard(new(), (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.Parse("52.216.0.1"), IPAddress.Parse("10.0.0.1")]));

        Assert.Equal([IPAddress.Parse("52.216.0.1")], await guard.ResolveAsync("partner.example.com", Xunit.TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task A_redirect_is_an_answer_and_not_followed()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var redirecting = Task.Run(async () =>
        {
            using var connection = await listener.AcceptTcpClientAsync(Xunit.TestContext.Current.CancellationToken);
            var stream = connection.GetStream();
            Assert.True(await stream.ReadAsync(new byte[4096], Xunit.TestContext.Current.CancellationToken) > 0);
            await stream.WriteAsync("HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data\r\nContent-Length: 0\r\n\r\n"u8.ToArray(), Xunit.TestContext.Current.CancellationToken);
        }, Xunit.TestContext.Current.CancellationToken);
        using var client = new HttpClient(new AddressGuard(new() { AllowPrivateHosts = true }).CreateHandler());

        using var answer = await client.GetAsync($"http://{listener.LocalEndpoint}/", Xunit.TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        await redirecting;
    }

    [Theory]
    [InlineData("169.254.169.254", false)]
    [InlineData("2852039166", false)]
    [InlineData("0xa9.0xfe.0xa9.0xfe", false)]
    [InlineData("0251.0376.0251.0376", false)]
    [InlineData("0x7f.1", true)]
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
