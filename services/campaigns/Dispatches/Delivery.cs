using System.Globalization;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Persistence;
using Platform.Contracts.Campaigns;
using Platform.Contracts.Failures;
using Platform.Files.Locations;
using Platform.Files.Locations.Sftp;
using Platform.Postgres;

namespace Platform.Campaigns.Dispatches;

/// <summary>
/// Brings the files of a dispatch to the partner exactly once, whatever fails when (docs/adr/0041). Every file goes through prepared, uploading (under a temporary name that only this attempt uses),
/// renaming, uploaded; each step is recorded before it is taken, under the fence of the lease. The rename is the moment of sending: the server refuses it for a name that
/// exists, and once "renaming" is recorded, a temporary name that is gone can only have been renamed.
/// </summary>
internal sealed class Delivery(CampaignsDbContext context, NpgsqlDataSource database, Accounts accounts, TimeProvider clock)
{
    public async Task RunAsync(RowLease lease, Dispatch dispatch, CancellationToken cancellationToken)
    {
        var settings = (await context.Connections.AsNoTracking().SingleAsync(row => row.Id == dispatch.ConnectionId, cancellationToken)).Settings;
        var client = await context.RecipientLists.Where(row => row.Id == dispatch.ListId).Select(row => row.Client).SingleAsync(cancellationToken);
        await using var server = await accounts.OpenAsync(settings, client, $"dispatch {dispatch.Id}", cancellationToken);
        if (dispatch.State != DispatchState.Uploading)
        {
            await BeginAsync(lease, dispatch, settings, cancellationToken);
        }

        // Products and recommendations first: the subscribers file starts the mailing.
        var files = await context.DispatchFiles.Where(row => row.DispatchId == dispatch.Id).ToListAsync(cancellationToken);
        foreach (var file in files.OrderBy(row => row.Kind).Where(row => row.State != DispatchFileState.Uploaded))
        {
            if (file.State == DispatchFileState.Renaming)
            {
                await FinishRenameAsync(lease, dispatch, file, settings, client, server, cancellationToken);
            }
            else
            {
                await UploadAsync(lease, dispatch, file, settings, client, server, cancellationToken);
                await RenameAsync(lease, dispatch, file, settings, client, server, cancellationToken);
            }

            await RecordAsync(lease, () => file.State = DispatchFileState.Uploaded, cancellationToken);
        }

        await RecordAsync(lease, () =>
        {
            dispatch.UploadedAt = clock.GetUtcNow();
            context.Change(dispatch, DispatchState.Uploaded, $"Uploaded as {files.Single(file => file.Kind == DispatchFileKind.Subscribers).Path}; the partner looks for new files every ten minutes.", clock);
        }, cancellationToken);
    }

    /// <summary>
    /// After a cancel: takes away what the upload left on the server, temporary files and those that were to go before the recipients. The subscribers file cannot be there: once its rename is recorded,
    /// nobody can cancel.
    /// </summary>
    public async Task CleanUpAsync(RowLease lease, Dispatch dispatch, CancellationToken cancellationToken)
    {
        var settings = (await context.Connections.AsNoTracking().SingleAsync(row => row.Id == dispatch.ConnectionId, cancellationToken)).Settings;
        var client = await context.RecipientLists.Where(row => row.Id == dispatch.ListId).Select(row => row.Client).SingleAsync(cancellationToken);
        var files = await context.DispatchFiles.Where(row => row.DispatchId == dispatch.Id && row.State != DispatchFileState.Prepared).ToListAsync(cancellationToken);
        await using var server = await accounts.OpenAsync(settings, client, $"dispatch {dispatch.Id}", cancellationToken);
        foreach (var file in files)
        {
            var removed = await server.RemoveAsync(file.TemporaryPath!, cancellationToken);
            if (!removed && file.State != DispatchFileState.Uploading)
            {
                // Without its temporary name, it has the final one.
                await server.RemoveAsync(file.Path!, cancellationToken);
            }

            await RecordAsync(lease, () => (file.State, file.Path, file.TemporaryPath) = (DispatchFileState.Prepared, null, null), cancellationToken);
        }
    }

    /// <summary>Gives the stamp and says that the dispatch is on its way.</summary>
    private async Task BeginAsync(RowLease lease, Dispatch dispatch, CampaignConnectionSettings settings, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await lease.UpdateAsync((NpgsqlTransaction)transaction.GetDbTransaction(), "lease_until = lease_until", [], cancellationToken);
        dispatch.Stamp ??= await TakeStampAsync(dispatch, settings, cancellationToken);
        context.Change(dispatch, DispatchState.Uploading, null, clock);
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<string> TakeStampAsync(Dispatch dispatch, CampaignConnectionSettings settings, CancellationToken cancellationToken)
    {
        // The connection's row is locked until the commit: stamps are given one after the other.
        var last = await context.Database.SqlQuery<DateTime?>($"""select last_stamp as "Value" from connections where id = {dispatch.ConnectionId} for update""").SingleAsync(cancellationToken);
        var stamp = Stamps.Next(clock.GetUtcNow(), settings.TimeZone, last);
        var local = stamp.ToString("s", CultureInfo.InvariantCulture);
        await context.Database.ExecuteSqlAsync($"update connections set last_stamp = cast({local} as timestamp) where id = {dispatch.ConnectionId}", cancellationToken);
        return Stamps.Text(stamp);
    }

    private async Task UploadAsync(
        RowLease lease, Dispatch dispatch, DispatchFile file, CampaignConnectionSettings settings, string? client, SftpClient server, CancellationToken cancellationToken)
    {
        if (file.TemporaryPath is { } abandoned)
        {
            await server.RemoveAsync(abandoned, cancellationToken);
        }

        await RecordAsync(lease, () =>
        {
            file.State = DispatchFileState.Uploading;
            file.Path = PathOf(dispatch, file, settings, client);
            file.TemporaryPath = $"{file.Path}.{lease.Attempt}{settings.TemporarySuffix}";
        }, cancellationToken);
        await using var content = DispatchContent.OpenRead(database, dispatch.Id, DispatchContent.KindOf(file.Kind), file.Size);
        var written = await server.UploadAsync(file.TemporaryPath!, content, cancellationToken);
        if (written != new WrittenFile(file.Size, file.Sha256))
        {
            throw new InvalidDataException($"The stored {file.Kind} file of dispatch {dispatch.Id} is not the one that was validated: {written.Size:N0} bytes with SHA-256 {written.Sha256}, expected {file.Size:N0} with {file.Sha256}.");
        }

        await RefuseForeignAsync(lease, dispatch, file, settings, client, server, cancellationToken);
        await RecordAsync(lease, () => file.State = DispatchFileState.Renaming, cancellationToken);
    }

    private async Task RenameAsync(
        RowLease lease, Dispatch dispatch, DispatchFile file, CampaignConnectionSettings settings, string? client, SftpClient server, CancellationToken cancellationToken)
    {
        try
        {
            await server.RenameAsync(file.TemporaryPath!, file.Path!, cancellationToken);
        }
        catch (LocationException e) when (e.Fault == LocationFault.AlreadyExists)
        {
            // Somebody took the name since it was found free.
            await FinishRenameAsync(lease, dispatch, file, settings, client, server, cancellationToken);
        }
    }

    /// <summary>After a crash or a cut between the record of the rename and the record of its success.</summary>
    private async Task FinishRenameAsync(
        RowLease lease, Dispatch dispatch, DispatchFile file, CampaignConnectionSettings settings, string? client, SftpClient server, CancellationToken cancellationToken)
    {
        if (await server.FindAsync(file.TemporaryPath!, cancellationToken) is null)
        {
            // It was renamed; the partner may have taken the file already.
            return;
        }

        if (await server.FindAsync(file.Path!, cancellationToken) is { } there)
        {
            if (await IsSameAsync(server, file, there, cancellationToken))
            {
                // OpenSSH renames by a link and a removal, and was cut off between the two.
                await server.RemoveAsync(file.TemporaryPath!, cancellationToken);
                return;
            }

            // The upload is whole; only its name was taken by somebody else's file.
            await RefuseForeignAsync(lease, dispatch, file, settings, client, server, cancellationToken);
        }

        await server.RenameAsync(file.TemporaryPath!, file.Path!, cancellationToken);
    }

    /// <summary>A file that others have put under our name stays theirs: this dispatch takes the next free stamp for the files still to come.</summary>
    private async Task RefuseForeignAsync(
        RowLease lease, Dispatch dispatch, DispatchFile file, CampaignConnectionSettings settings, string? client, SftpClient server, CancellationToken cancellationToken)
    {
        const int patience = 60;
        for (var tries = 0; await server.FindAsync(file.Path!, cancellationToken) is not null; tries++)
        {
            if (tries == patience)
            {
                throw new DispatchFailureException(FailureCategory.Configuration, $"The names from {file.Path} on are taken by files of others. Find out who else writes to this directory.");
            }

            await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
            await lease.UpdateAsync((NpgsqlTransaction)transaction.GetDbTransaction(), "lease_until = lease_until", [], cancellationToken);
            dispatch.Stamp = await TakeStampAsync(dispatch, settings, cancellationToken);
            file.Path = PathOf(dispatch, file, settings, client);
            await context.SaveChangesAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }
    }

    private static async Task<bool> IsSameAsync(SftpClient server, DispatchFile file, SftpFile there, CancellationToken cancellationToken)
    {
        if (there.Size != file.Size)
        {
            return false;
        }

        await using var content = await server.OpenReadAsync(file.Path!, 0, null, cancellationToken);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(content, cancellationToken)) == file.Sha256;
    }

    private static string PathOf(Dispatch dispatch, DispatchFile file, CampaignConnectionSettings settings, string? client)
    {
        var name = file.Kind switch
        {
            DispatchFileKind.Products => settings.ProductsFile,
            DispatchFileKind.Recommendations => settings.RecommendationsFile,
            _ => settings.SubscribersFile,
        };
        var directory = settings.RecipientDirectoryOf(client);
        return $"{(directory is "." or "" ? "" : directory.TrimEnd('/') + "/")}{name.Replace("{STAMP}", dispatch.Stamp, StringComparison.Ordinal)}";
    }

    /// <summary>Stores a step, if the dispatch still belongs to this attempt.</summary>
    private async Task RecordAsync(RowLease lease, Action change, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await lease.UpdateAsync((NpgsqlTransaction)transaction.GetDbTransaction(), "lease_until = lease_until", [], cancellationToken);
        change();
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
