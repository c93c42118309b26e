using MassTransit;
using Platform.Contracts.Couriers;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Partners;
using Platform.ServiceDefaults.Security;

namespace Platform.OptimizelyBrevo.Consumers;

/// <summary>Answers whether a credential of Optimizely or Brevo works by really asking the partner (C3). Changes nothing, so it needs no inbox.</summary>
internal sealed class TestCredentialConsumer(OptimizelyClient optimizely, Datafiles datafiles, BrevoClient brevo, PartnerSecrets secrets, TimeProvider clock) : IConsumer<TestCredential>
{
    /// <summary>Whoever asked must hear the cause before its own patience ends.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    public async Task Consume(ConsumeContext<TestCredential> context)
    {
        if (Attempt(context.Message) is not { } attempt)
        {
            return;
        }

        // The secret as it is now, not as it was half a minute ago.
        secrets.Forget(context.Message.CredentialId);
        using var patience = new CancellationTokenSource(Patience, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.CancellationToken);
        CredentialTested answer;
        try
        {
            await attempt(either.Token);
            answer = new() { Success = true, Message = "Connection successful" };
        }
        catch (PartnerException e)
        {
            answer = new() { Success = false, Message = e.Message };
        }
        catch (Exception e) when (e is InternalCallException or HttpRequestException)
        {
            answer = new() { Success = false, Message = $"The credentials service does not hand out the secret: {e.Message}" };
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested)
        {
            answer = new() { Success = false, Message = $"No answer within {Patience.TotalSeconds:0} seconds: the partner is slow, or its limit of calls is used up. The credential itself may be right; try again." };
        }

        await context.RespondAsync(answer);
    }

    /// <summary>How to try a credential of this type; null for types of other services.</summary>
    private Func<CancellationToken, Task>? Attempt(TestCredential message) => message.CredentialType switch
    {
        "optimizely-token" or "optimizely-oauth" => token => optimizely.ListProjectsAsync(message.CredentialId, token),
        "optimizely-sdk-key" => token => datafiles.GetAsync(new() { ProjectId = "", SdkKeyCredentialId = message.CredentialId }, updateInterval: 0, token),
        "brevo-api-key" => token => brevo.ListAttributesAsync(new() { CredentialId = message.CredentialId }, token),
        _ => null,
    };
}
