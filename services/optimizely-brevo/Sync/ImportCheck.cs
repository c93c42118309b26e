using System.Text.Json;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Connections;
using Platform.Postgres;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>
/// What became of imports: Brevo ends them without saying which contacts it dropped. The members of the imports' list that changed since are read, 500 a call, and each
/// contact is held against what was sent; those that are missing or differ go out again one by one, where Brevo names its reason.
/// </summary>
internal sealed partial class ImportCheck(BrevoClient brevo, SyncBatches batches, ILogger<ImportCheck> logger)
{
    /// <summary>Brevo's clock and ours may differ by this much.</summary>
    private static readonly TimeSpan ClockMargin = TimeSpan.FromMinutes(10);

    private const int Page = 500;

    /// <summary>More doubtful contacts than this share of an import mean that the list does not show changes yet: some are looked at one by one before all go out again.</summary>
    private const double ManyDoubts = 0.1;

    private const int Looks = 10;

    /// <summary>Settles imports that have ended.</summary>
    public async Task RunAsync(RowLease lease, IReadOnlyList<SyncBatch> ended, BrevoSettings account, CancellationToken cancellationToken)
    {
        var since = ended.Min(batch => batch.UpdatedAt) - ClockMargin;
        var page = new List<BrevoContact>(Page);
        await foreach (var contact in brevo.ListMembersAsync(account, account.ListId!.Value, since, cancellationToken))
        {
            page.Add(contact);
            if (page.Count == Page)
            {
                await ConfirmAsync(lease, ended[0].SyncId, page, cancellationToken);
                page.Clear();
            }
        }

        await ConfirmAsync(lease, ended[0].SyncId, page, cancellationToken);
        foreach (var batch in ended)
        {
            await SettleAsync(lease, batch, account, cancellationToken);
        }
    }

    /// <summary>Whether Brevo holds what was to be sent.</summary>
    public async Task<bool> HoldsAsync(ChangedContact contact, BrevoSettings account, CancellationToken cancellationToken)
    {
        if (await brevo.FindContactAsync(account, contact.Subject, cancellationToken) is not { } found)
        {
            return false;
        }

        var lists = found.ListIds ?? [];
        return contact.Attributes.EnumerateObject().All(sent => Same(sent.Value, found.Attributes.ValueKind == JsonValueKind.Object && found.Attributes.TryGetProperty(sent.Name, out var held) ? held : default))
            && contact.AddLists.All(lists.Contains) && !contact.DropLists.Any(lists.Contains);
    }

    // As SyncBatches.ConfirmAsync does for a page at once.
    private static bool Same(JsonElement sent, JsonElement held) => held.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null
        ? sent.ValueKind == JsonValueKind.String && sent.GetString() == ""
        : JsonElement.DeepEquals(sent, held);

    private async Task ConfirmAsync(RowLease lease, string syncId, List<BrevoContact> page, CancellationToken cancellationToken)
    {
        var held = page.Where(contact => contact is { Email: not null, Attributes.ValueKind: JsonValueKind.Object }).ToList();
        if (held.Count > 0)
        {
            await batches.ConfirmAsync(
                lease, syncId, [.. held.Select(contact => contact.Email!.ToLowerInvariant())], [.. held.Select(contact => contact.Attributes.GetRawText())], cancellationToken);
        }
    }

    private async Task SettleAsync(RowLease lease, SyncBatch batch, BrevoSettings account, CancellationToken cancellationToken)
    {
        var doubtful = await batches.ReadAsync(batch, cancellationToken);
        if (doubtful.Count > ManyDoubts * batch.Contacts && await HoldSomeAsync(doubtful, account, cancellationToken))
        {
            doubtful.Clear();
        }

        if (doubtful.Count > 0)
        {
            Incomplete(logger, batch.SyncId, batch.No, doubtful.Count, batch.Contacts);
        }

        await batches.CompleteAsync(lease, batch, doubtful, cancellationToken);
    }

    private async Task<bool> HoldSomeAsync(List<ChangedContact> contacts, BrevoSettings account, CancellationToken cancellationToken)
    {
        var looks = Math.Min(Looks, contacts.Count);
        for (var look = 0; look < looks; look++)
        {
            if (!await HoldsAsync(contacts[looks == 1 ? 0 : (int)((long)look * (contacts.Count - 1) / (looks - 1))], account, cancellationToken))
            {
                return false;
            }
        }

        return true;
    }

    [LoggerMessage(EventId = 731, Level = LogLevel.Warning, Message = "{Sync}: the import of batch {Batch} ended, and {Doubtful} of its {Contacts} contacts do not hold what was sent; they are sent one by one")]
    private static partial void Incomplete(ILogger logger, string sync, int batch, int doubtful, int contacts);
}
