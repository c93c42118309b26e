using System.Net;
using Npgsql;
using Platform.Contracts.Failures;
using Platform.Files.Locations;
using Platform.Postgres;
using Platform.ServiceDefaults.Outgoing;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Runs;

/// <summary>A run cannot go on, for a reason that is known and named.</summary>
internal sealed class RunFailureException(FailureCategory category, string reason, IReadOnlyList<string>? missingFiles = null) : Exception(reason)
{
    public FailureCategory Category { get; } = category;

    /// <summary>The required files that were not there, when nothing else was wrong.</summary>
    public IReadOnlyList<string>? MissingFiles { get; } = missingFiles;
}

/// <summary>The one place that decides what an exception means for a run, and so whether it is tried again.</summary>
internal static class FailureClassifier
{
    public static (FailureCategory Category, string Reason) Classify(Exception exception) => exception switch
    {
        RunFailureException known => (known.Category, known.Message),
        LocationException { IsTransient: true } place => (FailureCategory.Environment, place.Message),
        LocationException place => (FailureCategory.Configuration, place.Message),
        AddressRefusedException refused => (FailureCategory.Configuration, refused.Message),
        InternalCallException { Status: HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError } call => (FailureCategory.Environment, $"A sister service could not answer: {call.Message}"),
        InternalCallException call => (FailureCategory.Bug, $"A sister service refused a call of the couriers service: {call.Message}"),
        HttpRequestException call => (FailureCategory.Environment, $"A sister service does not answer: {call.Message}"),
        NpgsqlException database when PostgresFailures.IsTransient(database) => (FailureCategory.Environment, "The database of the couriers service does not answer."),
        AggregateException { InnerExceptions: [var only] } => Classify(only),
        IOException io => (FailureCategory.Environment, io.Message),
        TimeoutException or OperationCanceledException => (FailureCategory.Environment, "A call took too long."),
        _ when exception.InnerException is NpgsqlException inner && PostgresFailures.IsTransient(inner) => (FailureCategory.Environment, "The database of the couriers service does not answer."),
        _ => (FailureCategory.Bug, $"A fault of the platform itself ({exception.GetType().Name}); the log of the couriers service has it under this run's id."),
    };
}
