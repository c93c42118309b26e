using MassTransit;
using Platform.Contracts.Couriers;
using Platform.Scheduler.Alerts;

namespace Platform.Scheduler.Consumers;

/// <summary>Tries credentials of mail servers (C3), for the scheduler is who uses them; the other types have other owners. Changes nothing, so it needs no inbox.</summary>
internal sealed class TestCredentialConsumer(SmtpSender sender, TimeProvider clock) : IConsumer<TestCredential>
{
    /// <summary>Whoever asked must hear the cause before its own patience ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task Consume(ConsumeContext<TestCredential> context)
    {
        if (context.Message.CredentialType == "smtp")
        {
            await context.RespondAsync(await TryAsync(context.Message.CredentialId, context.CancellationToken));
        }
    }

    private async Task<CredentialTested> TryAsync(string credentialId, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellationToken);
        try
        {
            await sender.TryAsync(credentialId, either.Token);
            return new() { Success = true, Message = "Connection successful" };
        }
        catch (AlertFailedException e)
        {
            return new() { Success = false, Message = e.Message };
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return new() { Success = false, Message = $"No answer within {Patience.TotalSeconds:0} seconds. Check host, port and security." };
        }
    }
}
