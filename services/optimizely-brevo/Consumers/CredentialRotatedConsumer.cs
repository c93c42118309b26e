using MassTransit;
using Platform.Contracts.Credentials;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Partners;

namespace Platform.OptimizelyBrevo.Consumers;

/// <summary>A credential has other fields now: this instance fetches it again before it uses it the next time (C5). Every instance hears of it, for each remembers secrets of its own.</summary>
internal sealed class CredentialRotatedConsumer(PartnerSecrets secrets, Datafiles datafiles) : IConsumer<CredentialRotated>
{
    public Task Consume(ConsumeContext<CredentialRotated> context)
    {
        secrets.Forget(context.Message.CredentialId, context.Message.Version);
        datafiles.Recheck(context.Message.CredentialId);
        return Task.CompletedTask;
    }
}
