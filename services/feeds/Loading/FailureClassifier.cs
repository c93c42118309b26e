using System.Net;
using Npgsql;
using Platform.Contracts.Failures;
using Platform.Files;
using Platform.Files.Engine;
using Platform.Postgres;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Loading;

/// <summary>What kind of failure an exception is, and what a person reads about it. The only place that decides whether a load is tried again.</summary>
internal static class FailureClassifier
{
    public static (FailureCategory Failure, string Reason) Classify(Exception exception) => exception switch
    {
        LoadFailedException own => (own.Failure, own.Message),
        EngineException { Failure: EngineFailure.BadFile } engine => (FailureCategory.BadFile, engine.Message),
        EngineException { Failure: EngineFailure.Environment } engine => (FailureCategory.Environment, engine.Message),
        EngineException { Failure: EngineFailure.BadQuery } engine => (FailureCategory.Configuration, engine.Message),
        UnknownKindException unknown => (FailureCategory.Configuration, unknown.Message),
        InternalCallException { Status: HttpStatusCode.NotFound } call => (FailureCategory.Configuration, call.Message),
        InternalCallException { Status: >= HttpStatusCode.InternalServerError } call => (FailureCategory.Environment, $"The couriers service could not list the files: {call.Message}"),
        HttpRequestException http => (FailureCategory.Environment, $"The couriers service does not answer: {http.Message}"),
        TaskCanceledException { InnerException: TimeoutException } => (FailureCategory.Environment, "The couriers service did not answer in time."),

        PostgresException { SqlState: PostgresErrorCodes.ProgramLimitExceeded } server when server.MessageText.StartsWith("row is too big", StringComparison.Ordinal) => (FailureCategory.Configuration,
            $"A row of this feed does not fit a page of PostgreSQL: {server.MessageText}. Activate the feed with clearTable true, which lays its table out anew, and load it again."),
        PostgresException { SqlState: PostgresErrorCodes.ProgramLimitExceeded } server => (FailureCategory.BadFile,
            $"A value is too long for the key or an index of the table: {server.MessageText}. At most about 2,700 bytes fit. Take another key, or have the value shortened."),

        // MessageText only: the detail of a PostgreSQL error quotes values of rows.
        PostgresException server when PostgresFailures.IsTransient(server) => (FailureCategory.Environment, $"The database did not do its part: {server.MessageText} (SQLSTATE {server.SqlState})."),
        NpgsqlException client when PostgresFailures.IsTransient(client) => (FailureCategory.Environment, "The connection to the database was lost."),
        TimeoutException => (FailureCategory.Environment, "The database did not answer in time."),
        IOException or UnauthorizedAccessException => (FailureCategory.Environment, $"A file could not be read or written: {exception.Message}"),
        _ => (FailureCategory.Bug, $"The platform failed to do this load ({exception.GetType().Name}); nothing about the files is known to be wrong. The log has the cause under the load's id."),
    };
}
