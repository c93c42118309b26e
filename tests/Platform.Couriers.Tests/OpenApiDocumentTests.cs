using Microsoft.AspNetCore.Mvc.Testing;
using Platform.Testing;
using Xunit;

namespace Platform.Couriers.Tests;

public sealed class OpenApiDocumentTests
{
    // The description of the API needs neither database nor broker: port 1 refuses at once.
    [Fact]
    public async Task The_committed_document_is_the_served_one()
    {
        using var keys = new TestKeys();
        using var folder = new TemporaryFolder();
        var settings = ServiceSettings.Of("couriers", "Host=127.0.0.1;Port=1;Database=none", "amqp://127.0.0.1:1/", keys).With("Landing:Root", folder.Path);
        await using var app = new WebApplicationFactory<Program>().WithWebHostBuilder(settings.Apply);
        await OpenApiDocument.MatchesServiceAsync(app.CreateClient(), "couriers");
    }
}
