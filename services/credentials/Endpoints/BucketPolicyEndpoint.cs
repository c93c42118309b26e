using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Credentials.Kinds.IamRole;
using Platform.Credentials.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>What the owner of buckets must allow for delegated access (C1).</summary>
internal static class BucketPolicyEndpoint
{
    /// <summary>Setting with the ARN of the platform's own identity at Amazon.</summary>
    private const string Principal = "Aws:Principal";

    public static void MapBucketPolicy(this WebApplication app) => app.MapGet("/api/credentials/{id}/bucket-policy", GetAsync)
        .WithName("GetBucketPolicy").WithTags("credentials").WithSummary("The policies that the owner of an iam-role credential's buckets pastes into them, and the trust policy of its role.")
        .RequireAuthorization(Roles.Viewer).ProducesProblem(404).ProducesProblem(409);

    private static async Task<Results<Ok<BucketPolicies>, ProblemHttpResult>> GetAsync(string id, CredentialsDbContext db, IConfiguration configuration, CancellationToken cancellationToken)
    {
        var credential = await db.Credentials.AsNoTracking().SingleOrDefaultAsync(row => row.Id == id, cancellationToken);
        if (credential is null)
        {
            return CredentialRefusals.Unknown(id).ToResult();
        }

        if (credential.Type != "iam-role")
        {
            return Refusal.Conflict("no-bucket-policy", "The credential needs no bucket policy", $"The credential '{id}' is of the type {credential.Type}; only iam-role credentials are let in by a bucket's own policy.").ToResult();
        }

        var own = configuration[Principal] is { Length: > 0 } principal ? principal : null;
        var role = credential.Fields.GetValueOrDefault("roleArn");
        if ((role ?? own) is not { } allowed)
        {
            return Refusal.Conflict(
                "no-own-identity", "The platform's own identity is not known",
                $"Without a role to assume, the buckets must allow the platform's own identity at Amazon, whose ARN the operator sets as {Principal}. Set it, or give the credential a roleArn.").ToResult();
        }

        return TypedResults.Ok(new BucketPolicies(
            [.. credential.Fields["buckets"].Split(',').Select(bucket => new PolicyOfBucket(bucket, BucketPolicy.Of(bucket, credential.Fields["region"], allowed)))],
            role is not null && own is not null ? BucketPolicy.Trust(own, credential.Fields.GetValueOrDefault("externalId")) : null));
    }
}

/// <summary>What is to be pasted where.</summary>
/// <param name="Buckets">A policy for each bucket.</param>
/// <param name="RoleTrust">The trust policy of the role that is assumed; absent without a role, or when the platform's own identity is not set.</param>
internal sealed record BucketPolicies(IReadOnlyList<PolicyOfBucket> Buckets, JsonObject? RoleTrust);

/// <summary>The policy of one bucket.</summary>
internal sealed record PolicyOfBucket(string Bucket, JsonObject Policy);
