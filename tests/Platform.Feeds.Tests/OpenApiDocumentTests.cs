using Platform.Testing;
using Xunit;

namespace Platform.Feeds.Tests;

public sealed class OpenApiDocumentTests(FeedsApp app)
{
    [Fact]
    public Task The_committed_document_is_the_served_one() => OpenApiDocument.MatchesServiceAsync(app.Anonymous(), "feeds");
}
