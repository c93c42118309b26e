namespace Platform.Files.Engine;

/// <summary>Whose fault a failed job was; it decides what happens next.</summary>
public enum EngineFailure
{
    /// <summary>The file cannot be used as it is. Trying again changes nothing.</summary>
    BadFile,

    /// <summary>The ingest query cannot be run. A person must change it.</summary>
    BadQuery,

    /// <summary>Memory, disk, time or the reading process gave out. Trying again may help.</summary>
    Environment,

    /// <summary>A fault of the platform's own.</summary>
    Bug,
}

/// <summary>A job that gave no result. The message names the file by the name its caller gave, what was found, what was expected and the remedy.</summary>
public sealed class EngineException(EngineFailure failure, string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whose fault it was.</summary>
    public EngineFailure Failure { get; } = failure;
}
