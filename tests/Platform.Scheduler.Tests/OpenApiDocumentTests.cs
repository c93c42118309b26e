using Microsoft.AspNetCore.Mvc.Testing;
using Platform.Testing;
using Xunit;

namespace Platform.Scheduler.Tests;

public sealed class OpenApiDocumentTests
{
    // The description of the API needs neither database nor broker: port 1 refuses at once.
    [Fact]
    public async Task The_committed_document_is_the_served_one()
    {
        using var keys = new TestKeys();
        var settings = ServiceSettings.Of("scheduler", "Host=127.0.0.1;Port=1;Database=none", "amqp://127.0.0.1:1/", keys);
        await using var app = new WebApplicationFactory<Program>().WithWebHostBuilder(settings.Apply);
        await OpenApiDocument.MatchesServiceAsync(app.CreateClient(), "scheduler");
    }
}
