using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Platform.ServiceDefaults;

/// <summary>The framework's JSON lines, without the tokens of links: the scope of every request carries its path.</summary>
internal sealed class CleanConsole(IServiceProvider services) : ConsoleFormatter(FormatterName)
{
    public const string FormatterName = "clean-json";

    // Looked up late: it is one of the formatters that this one is among.
    private readonly Lazy<ConsoleFormatter> _json = new(() => services.GetServices<ConsoleFormatter>().First(formatter => formatter.Name == ConsoleFormatterNames.Json));

    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        using var line = new StringWriter();
        _json.Value.Write(in logEntry, scopeProvider, line);
        var text = line.GetStringBuilder().ToString();
        textWriter.Write(text.Contains("/secret-requests/", StringComparison.Ordinal) ? LinkTokens.Hide(text) : text);
    }
}
