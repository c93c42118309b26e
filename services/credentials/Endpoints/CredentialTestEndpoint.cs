using MassTransit;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Couriers;
using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>Trying a credential (C3): the service that owns the connector connects with it, for it is the one who will.</summary>
internal static class CredentialTestEndpoint
{
    public static void MapCredentialTestEndpoint(this WebApplication app) => app.MapPost("/api/credentials/{id}/test", TestAsync)
        .WithName("TestCredential").WithTags("credentials").RequireAuthorization(Roles.Operator)
        .WithSummary("Really connects with the credential and says 'Connection successful' or the precise cause. With a bucket, that bucket is listed.").ProducesProblem(404);

    private static async Task<Results<Ok<CredentialTestResult>, ProblemHttpResult>> TestAsync(
        string id, CredentialsDbContext db, CredentialKinds kinds, IRequestClient<TestCredential> owners, TimeProvider clock, HttpContext http, CancellationToken cancellationToken, CredentialTestInput? input = null)
    {
        var credential = await db.Credentials.SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (credential is null)
        {
            return CredentialRefusals.Unknown(id).ToResult();
        }

        var result = await AskAsync(
            owners, new() { CredentialId = id, CredentialType = credential.Type, Bucket = input?.Bucket, Prefix = input?.Prefix }, kinds.Get(credential.Type).TestedBy, cancellationToken);

        // The credential may have been changed or deleted meanwhile; its row gets the result only if it is still the version that was tried.
        var now = clock.GetUtcNow();
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        await db.Credentials.Where(row => row.Id == id && row.Version == credential.Version).ExecuteUpdateAsync(
            set => set.SetProperty(row => row.LastTestedAt, now).SetProperty(row => row.LastTestSucceeded, result.Success), cancellationToken);
        db.Audit(credential, AuditedAction.Tested, http.CallerName(), now, result.Success ? "succeeded" : "failed");
        await db.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return TypedResults.Ok(result);
    }

    private static async Task<CredentialTestResult> AskAsync(IRequestClient<TestCredential> owners, TestCredential question, string owner, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await owners.GetResponse<CredentialTested>(question, cancellationToken);
            return new(answer.Message.Success, answer.Message.Message);
        }
        catch (RequestTimeoutException)
        {
            return new(false, $"Nobody tried the credential in time: the {owner} service did not answer over the message broker. Is it running and connected? The credential itself may be right.");
        }
        catch (RequestFaultException)
        {
            return new(false, $"The {owner} service failed while trying the credential; its log has the cause under this request's trace id. The credential itself may be right.");
        }
    }
}

/// <summary>What to try.</summary>
internal sealed class CredentialTestInput
{
    /// <summary>Only for types that open S3: a bucket to list; without it the buckets themselves are listed, which many keys may not.</summary>
    public string? Bucket { get; init; }

    /// <summary>Only keys below this prefix, or files of this directory, are listed.</summary>
    public string? Prefix { get; init; }
}

/// <summary>How it went.</summary>
/// <param name="Success">True when the connection was made and what was tried is allowed.</param>
/// <param name="Message"><c>Connection successful</c>, or the cause and its remedy.</param>
internal sealed record CredentialTestResult(bool Success, string Message);
