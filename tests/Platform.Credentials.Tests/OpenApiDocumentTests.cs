using Platform.Testing;
using Xunit;

namespace Platform.Credentials.Tests;

public sealed class OpenApiDocumentTests(CredentialsApp app)
{
    [Fact]
    public Task The_committed_document_is_the_served_one() => OpenApiDocument.MatchesServiceAsync(app.Anonymous(), "credentials");
}
