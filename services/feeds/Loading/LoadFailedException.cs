using Platform.Contracts.Failures;

namespace Platform.Feeds.Loading;

/// <summary>The load cannot go on, for a reason the loader itself found. The message is what a person reads.</summary>
internal sealed class LoadFailedException(FailureCategory failure, string reason) : Exception(reason)
{
    public FailureCategory Failure { get; } = failure;
}
