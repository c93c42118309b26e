using Platform.Files.Locations;
using Platform.Files.Locations.S3;
using Xunit;

namespace Platform.Files.Tests.Locations;

public sealed class RefusedEndpointTests
{
    [Fact]
    public void An_endpoint_that_is_not_allowed_opens_no_location()
    {
        using var connections = new S3Connections(new(new()));

        var refused = Assert.Throws<LocationException>(() => connections.Open(
            new() { Bucket = "b", Region = "us-east-1", Endpoint = new("https://127.0.0.1:9000"), AccessKey = "a", SecretKey = "s" }, TimeProvider.System));

        Assert.Equal(LocationFault.AddressRefused, refused.Fault);
    }
}
