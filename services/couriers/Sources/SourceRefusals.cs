using Platform.Contracts.Failures;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Sources;

/// <summary>What a source said to a person who looks into it: the same words as in a run.</summary>
internal static class SourceRefusals
{
    /// <summary>True for what is the source's or a setting's fault, and not the platform's own.</summary>
    public static bool Explains(Exception exception, CancellationToken cancellationToken) =>
        !cancellationToken.IsCancellationRequested && FailureClassifier.Classify(exception).Category != FailureCategory.Bug;

    public static Refusal Of(Exception exception)
    {
        var (category, reason) = FailureClassifier.Classify(exception);
        return category == FailureCategory.Environment
            ? new(StatusCodes.Status503ServiceUnavailable, "source-unavailable", "The source does not answer", reason)
            : new(StatusCodes.Status422UnprocessableEntity, "source-refused", "The source cannot be read", reason);
    }
}
