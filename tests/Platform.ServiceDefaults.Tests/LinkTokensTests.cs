using System.Diagnostics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;
using Xunit;

namespace Platform.ServiceDefaults.Tests;

public sealed class LinkTokensTests
{
    private const string Token = "kJ8_-Zx0123456789012345678901234567890123ab";

    [Theory]
    [InlineData($"/secret-requests/{Token}", "/secret-requests/{token}")]
    [InlineData($"http://127.0.0.1:5101/secret-requests/{Token}?x=1", "http://127.0.0.1:5101/secret-requests/{token}?x=1")]
    [InlineData("/api/secret-requests/sreq-06c", "/api/secret-requests/sreq-06c")]
    [InlineData("/secret-requests", "/secret-requests")]
    public void The_token_of_a_link_is_hidden_and_nothing_else(string text, string expected) => Assert.Equal(expected, LinkTokens.Hide(text));

    [Fact]
    public void Spans_are_exported_without_it()
    {
        using var span = new Activity("GET").SetTag("url.path", $"/secret-requests/{Token}").SetTag("url.full", $"http://x/secret-requests/{Token}").SetTag("server.port", 80);
        using var cleaner = new LinkTokens.Cleaner();

        cleaner.OnEnd(span);

        Assert.DoesNotContain(span.TagObjects, tag => tag.Value?.ToString()!.Contains(Token, StringComparison.Ordinal) == true);
        Assert.Equal(80, span.GetTagItem("server.port"));
    }

    [Fact]
    public void Log_lines_are_written_without_it()
    {
        var services = new ServiceCollection();
        services.AddLogging(logging => logging.AddJsonConsole(options => options.IncludeScopes = true).AddConsoleFormatter<CleanConsole, JsonConsoleFormatterOptions>());
        using var provider = services.BuildServiceProvider();
        var formatter = provider.GetServices<ConsoleFormatter>().Single(formatter => formatter.Name == CleanConsole.FormatterName);
        var scopes = new LoggerExternalScopeProvider();
        using var line = new StringWriter();
        using (scopes.Push(new Dictionary<string, object> { ["RequestPath"] = $"/secret-requests/{Token}" }))
        {
            formatter.Write(new LogEntry<string>(LogLevel.Information, "Test", 7, $"GET /secret-requests/{Token} failed", null, (state, _) => state), scopes, line);
        }

        Assert.DoesNotContain(Token, line.ToString());
        Assert.Contains("RequestPath\":\"/secret-requests/{token}\"", line.ToString());
        Assert.Contains("\"EventId\":7", line.ToString());
    }
}
