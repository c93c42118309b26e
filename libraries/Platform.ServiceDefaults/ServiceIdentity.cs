namespace Platform.ServiceDefaults;

/// <summary>The name of this service: audience and issuer of its internal tokens, prefix of its queues, <c>service.name</c> of its traces.</summary>
public sealed record ServiceIdentity(string Name);
