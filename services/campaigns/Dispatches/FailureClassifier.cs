using System.Net;
using Npgsql;
using Platform.Campaigns.Recipients;
using Platform.Contracts.Failures;
using Platform.Files.Locations;
using Platform.Postgres;
using Platform.ServiceDefaults.Security;

namespace Platform.Campaigns.Dispatches;

/// <summary>A dispatch cannot go on, for a reason that is known and named.</summary>
internal sealed class DispatchFailureException(FailureCategory category, string reason) : Exception(reason)
{
    public FailureCategory Category { get; } = category;
}

/// <summary>The one place that decides what an exception means for the exchange of files, and so whether it is tried again.</summary>
internal static class FailureClassifier
{
    private const string DatabaseSilent = "The database of the campaigns service does not answer.";

    public static (FailureCategory Category, string Reason) Classify(Exception exception) => exception switch
    {
        DispatchFailureException known => (known.Category, known.Message),
        RecipientSourceException source => (FailureCategory.BadFile, source.Message),
        LocationException { IsTransient: true } place => (FailureCategory.Environment, place.Message),
        LocationException place => (FailureCategory.Configuration, place.Message),
        InternalCallException { Status: HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError } call => (FailureCategory.Environment, $"A sister service could not answer: {call.Message}"),
        InternalCallException call => (FailureCategory.Bug, $"A sister service refused a call of the campaigns service: {call.Message}"),
        HttpRequestException call => (FailureCategory.Environment, $"A sister service does not answer: {call.Message}"),
        NpgsqlException database when PostgresFailures.IsTransient(database) => (FailureCategory.Environment, DatabaseSilent),
        TimeoutException or OperationCanceledException => (FailureCategory.Environment, "A call took too long."),
        _ when exception.InnerException is NpgsqlException inner && PostgresFailures.IsTransient(inner) => (FailureCategory.Environment, DatabaseSilent),
        _ => (FailureCategory.Bug, $"A fault of the platform itself ({exception.GetType().Name}); the log of the campaigns service has it under this dispatch's id."),
    };
}
