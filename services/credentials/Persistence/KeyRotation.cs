namespace Platform.Credentials.Persistence;

/// <summary>The wish that every data key be wrapped by one master key. What is left to do stands in the secrets themselves, so any instance goes on with it after a crash.</summary>
internal sealed class KeyRotation
{
    public long Id { get; init; }

    public required int TargetGeneration { get; init; }

    public required string RequestedBy { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public DateTimeOffset? CompletedAt { get; set; }

    /// <summary>Data keys wrapped anew.</summary>
    public int Rewrapped { get; set; }

    /// <summary>Data keys that did not open; known when completed. They stay as they are.</summary>
    public int Unreadable { get; set; }
}

/// <summary>Tells whether a master key is the one that a generation had before, without telling the key.</summary>
internal sealed class KeyCheck
{
    public required int Generation { get; init; }

    /// <summary>HMAC-SHA256 of a fixed text with the key.</summary>
    public required byte[] Check { get; init; }
}
