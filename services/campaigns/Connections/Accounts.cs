using Platform.Campaigns.Clients;
using Platform.Files.Locations.Sftp;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Campaigns.Connections;

/// <summary>Opens the accounts of connections.</summary>
internal sealed class Accounts(CredentialsClient credentials, AddressGuard guard, TimeProvider clock)
{
    public async Task<SftpClient> OpenAsync(CampaignConnectionSettings settings, string? client, string purpose, CancellationToken cancellationToken) =>
        new(await credentials.FetchAsync(settings.CredentialOf(client), settings.Host, settings.Port, purpose, cancellationToken), guard, clock);
}
