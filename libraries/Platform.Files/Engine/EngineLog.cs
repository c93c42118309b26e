using Microsoft.Extensions.Logging;

namespace Platform.Files.Engine;

internal static partial class EngineLog
{
    [LoggerMessage(4000, LogLevel.Warning, "The waiting reading process {ProcessId} ended before it had a job; a new one is started")]
    public static partial void WarmChildLost(ILogger log, int processId);
}
