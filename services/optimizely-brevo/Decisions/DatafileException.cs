namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>The datafile cannot be used; the message says what was found and what is expected.</summary>
internal sealed class DatafileException(string message) : Exception(message);
