using MassTransit;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Couriers.Sources.Connections;
using Platform.Files.Locations;

namespace Platform.Couriers.Consumers;

/// <summary>Answers whether a credential works by really connecting with it (C3). Changes nothing, so it needs no inbox. Types that others connect with are theirs to answer.</summary>
internal sealed class TestCredentialConsumer(CredentialsClient credentials, SourceConnections connections, ExportKeys exportKeys, TimeProvider clock) : IConsumer<TestCredential>
{
    /// <summary>Whoever asked must hear the cause before its own patience ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task Consume(ConsumeContext<TestCredential> context)
    {
        var message = context.Message;
        if (message.CredentialType is { } type && !IsOurs(type))
        {
            return;
        }

        using var timeout = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, context.CancellationToken);
        CredentialTested answer;
        try
        {
            var secret = await credentials.FetchAsync(message.CredentialId, "credential test", either.Token);
            if (!IsOurs(secret.Type))
            {
                return;
            }

            await ConnectAsync(secret, message, either.Token);
            answer = new() { Success = true, Message = "Connection successful" };
        }
        catch (Exception e) when (!context.CancellationToken.IsCancellationRequested && FailureClassifier.Classify(e).Category != FailureCategory.Bug)
        {
            answer = new() { Success = false, Message = timeout.IsCancellationRequested ? $"No answer within {Patience.TotalSeconds:0} seconds. Check the endpoint and the network." : FailureClassifier.Classify(e).Reason };
        }

        await context.RespondAsync(answer);
    }

    private static bool IsOurs(string type) => type == "sftp" || S3Access.CredentialTypes.Contains(type);

    private async Task ConnectAsync(CredentialSecret secret, TestCredential message, CancellationToken cancellationToken)
    {
        if (secret.Type == "sftp")
        {
            using var account = connections.Open(secret, new SftpPlace(message.Prefix ?? ""));
            await foreach (var _ in account.ListAsync("", ListDepth.Level, cancellationToken))
            {
                break;
            }

            return;
        }

        var place = new BucketPlace(message.Bucket, null);
        var prefix = message.Prefix;
        if (secret.Type == "optimizely-export" && message.Bucket is null)
        {
            // These keys may list no buckets; Optimizely says which one they open.
            var access = await exportKeys.AskAsync(secret.Required("token"), cancellationToken);
            (place, prefix) = (place with { Bucket = access.Bucket }, prefix ?? access.Prefix);
        }

        using var location = connections.OpenBucket(secret, place);
        await location.ProbeAsync(prefix, cancellationToken);
    }
}
