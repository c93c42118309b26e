using System.ComponentModel;
using MassTransit;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Couriers.Clients;
using Platform.Couriers.CredentialTests;
using Platform.Couriers.Runs;

namespace Platform.Couriers.Consumers;

/// <summary>Answers whether the keys of a PGP credential work, by using them (C3). Changes nothing, so it needs no inbox.</summary>
internal sealed class TestPgpCredentialConsumer(CredentialsClient credentials, TimeProvider clock) : IConsumer<TestCredential>
{
    /// <summary>Whoever asked must hear the cause before its own patience ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task Consume(ConsumeContext<TestCredential> context)
    {
        if (context.Message.CredentialType != "pgp")
        {
            return;
        }

        using var timeout = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, context.CancellationToken);
        string? problem;
        try
        {
            problem = await PgpTest.RunAsync(await credentials.FetchAsync(context.Message.CredentialId, "credential test", either.Token), either.Token);
        }
        catch (Win32Exception)
        {
            problem = "GnuPG is missing on the machine of the couriers service; install the package gnupg. The keys themselves may be right.";
        }
        catch (Exception e) when (!context.CancellationToken.IsCancellationRequested && FailureClassifier.Classify(e).Category != FailureCategory.Bug)
        {
            problem = timeout.IsCancellationRequested ? $"GnuPG gave no answer within {Patience.TotalSeconds:0} seconds; the machine may be overloaded." : FailureClassifier.Classify(e).Reason;
        }

        await context.RespondAsync(new CredentialTested { Success = problem is null, Message = problem ?? "Connection successful" });
    }
}
