namespace Platform.Credentials.Secrets;

/// <summary>A stored secret cannot be opened; the message says why and what to do, and shows nothing of it.</summary>
internal sealed class SecretUnreadableException(string reason) : Exception(reason);
