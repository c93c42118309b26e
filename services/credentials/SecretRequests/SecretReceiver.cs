using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Platform.Contracts.Credentials;
using Platform.Credentials.Kinds;
using Platform.Credentials.Persistence;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Credentials.SecretRequests;

/// <summary>Turns what was entered on the page into a credential, or into the change of one, and uses the link up in the same commit.</summary>
internal sealed partial class SecretReceiver(CredentialsDbContext db, CredentialKinds kinds, SecretVault vault, TimeProvider clock, ILogger<SecretReceiver> logger)
{
    /// <summary>The request that a link belongs to while it can be used, else null: expired, used, withdrawn and guessed links are all alike.</summary>
    public Task<SecretRequest?> FindAsync(string token, CancellationToken cancellationToken) => FindAsync(token, locked: false, cancellationToken);

    /// <summary>Null when the link cannot be used; otherwise what is wrong with the input, and nothing when it was taken.</summary>
    public async Task<(SecretRequest Request, IReadOnlyList<FieldProblem> Problems)?> ReceiveAsync(string token, IReadOnlyDictionary<string, string> entered, CancellationToken cancellationToken)
    {
        await using var transaction = await db.Database.BeginTransactionAsync(cancellationToken);
        if (await FindAsync(token, locked: true, cancellationToken) is not { } request)
        {
            return null;
        }

        var now = clock.GetUtcNow();
        var problems = request.Creates ? await CreateAsync(request, entered, now, cancellationToken) : await ChangeAsync(request, entered, now, cancellationToken);
        if (problems is null)
        {
            return null;
        }

        if (problems.Count == 0)
        {
            request.ReceivedAt = now;
            await db.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return (request, problems);
    }

    // Locked, so that of two forms sent at once only one finds the link unused.
    private async Task<SecretRequest?> FindAsync(string token, bool locked, CancellationToken cancellationToken)
    {
        var hash = LinkToken.Hash(token);
        var rows = locked
            ? db.SecretRequests.FromSql($"select * from secret_requests where token_hash = {hash} for update")
            : db.SecretRequests.AsNoTracking().Where(row => row.TokenHash == hash);
        var request = await rows.SingleOrDefaultAsync(cancellationToken);

        // The index found it by its hash, which tells nothing about the token; compared once more so that nothing rests on how an index compares.
        return request is not null && CryptographicOperations.FixedTimeEquals(request.TokenHash, hash) && request.StateAt(clock.GetUtcNow()) == SecretRequestState.Waiting ? request : null;
    }

    private async Task<IReadOnlyList<FieldProblem>> CreateAsync(SecretRequest request, IReadOnlyDictionary<string, string> entered, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var kind = kinds.Get(request.Type);
        var input = request.Fields.ToDictionary(field => field.Key, field => (string?)field.Value);
        foreach (var name in request.Asked)
        {
            input[name] = entered.GetValueOrDefault(name);
        }

        var fields = CredentialFields.FromInput(kind, input);
        var problems = kind.Validate(fields);
        if (problems.Count == 0)
        {
            // Whoever filled in the form cannot help it if the name was taken meanwhile, and what he entered must not be lost.
            var name = await db.Credentials.AnyAsync(row => row.Name == request.Name, cancellationToken) ? $"{request.Name} ({request.Id})" : request.Name;
            var credential = NewCredential.Seal(request.CredentialId, name, kind, request.Description, request.Labels, fields, vault, now);
            db.Credentials.Add(credential);
            db.Audit(credential, AuditedAction.SecretReceived, request.Id, now, $"created by the link of {request.RequestedBy}");
        }

        return problems;
    }

    private async Task<IReadOnlyList<FieldProblem>?> ChangeAsync(SecretRequest request, IReadOnlyDictionary<string, string> entered, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var credential = await db.Credentials.FromSql($"select * from credentials where id = {request.CredentialId} for update").SingleOrDefaultAsync(cancellationToken);
        if (credential is null)
        {
            return null;
        }

        await db.LockSecretAsync(credential.Id, cancellationToken);
        var kind = kinds.Get(credential.Type);
        var input = credential.Fields.ToDictionary(field => field.Key, field => (string?)field.Value);
        foreach (var field in kind.Fields.Where(field => request.Asked.Contains(field.Name)))
        {
            // An empty field that is shown elsewhere keeps its value; an empty secret has none any more.
            if (entered.TryGetValue(field.Name, out var value) || field.Secret)
            {
                input[field.Name] = value;
            }
        }

        CredentialChange change;
        try
        {
            change = CredentialChange.From(credential, kind, input, vault);
        }
        catch (SecretUnreadableException e)
        {
            SecretUnreadable(logger, credential.Id, e.Message);
            return [new("$", "The credential cannot be changed at present, through no fault of yours. Please tell whoever sent you the link; it can still be used later.")];
        }

        if (change.Problems.Count == 0)
        {
            change.Apply(credential, vault, now);
            credential.UpdatedAt = now;
            db.Publish(new CredentialRotated { CredentialId = credential.Id, Version = credential.Version, RotatedAt = now }, clock);
            db.Audit(credential, AuditedAction.SecretReceived, request.Id, now, $"fields: {string.Join(", ", change.Changed)}; by the link of {request.RequestedBy}");
        }

        return change.Problems;
    }

    [LoggerMessage(EventId = 201, Level = LogLevel.Error, Message = "The secret of credential {CredentialId}, which a link is to change, cannot be opened: {Reason}")]
    private static partial void SecretUnreadable(ILogger logger, string credentialId, string reason);
}
