using MassTransit;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Files.Locations.S3;

namespace Platform.Couriers.Consumers;

/// <summary>Answers whether a credential works by really connecting with it (C3). Changes nothing, so it needs no inbox.</summary>
internal sealed class TestCredentialConsumer(CredentialsClient credentials, S3Connections connections, TimeProvider clock) : IConsumer<TestCredential>
{
    /// <summary>Whoever asked must hear the cause before its own patience ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task Consume(ConsumeContext<TestCredential> context)
    {
        var message = context.Message;
        using var timeout = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, context.CancellationToken);
        CredentialTested answer;
        try
        {
            var secret = await credentials.FetchAsync(message.CredentialId, "credential test", either.Token);
            using var location = connections.Open(S3Credential.ToOptions(secret, message.Bucket, null), clock);
            await location.ProbeAsync(message.Prefix, either.Token);
            answer = new() { Success = true, Message = "Connection successful" };
        }
        catch (Exception e) when (!context.CancellationToken.IsCancellationRequested && FailureClassifier.Classify(e).Category != FailureCategory.Bug)
        {
            answer = new() { Success = false, Message = timeout.IsCancellationRequested ? $"No answer within {Patience.TotalSeconds:0} seconds. Check the endpoint and the network." : FailureClassifier.Classify(e).Reason };
        }

        await context.RespondAsync(answer);
    }
}
