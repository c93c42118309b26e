using Microsoft.EntityFrameworkCore;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Persistence;
using Platform.Contracts.Campaigns;
using Platform.Files.Locations.Sftp;

namespace Platform.Campaigns.Status;

/// <summary>
/// Looks for the partner's log and error files and brings the dispatches to the states they tell (L6). Files stay at the partner's for 30 days, so that whatever was missed is found later; reading one
/// again changes nothing, as states only move forward.
/// </summary>
internal sealed class StatusReader(CampaignsDbContext context, Accounts accounts, TimeProvider clock)
{
    private const int LargestFile = 4 * 1024 * 1024;
    private static readonly TimeSpan LookBack = TimeSpan.FromDays(30);

    // A row at the end without a line feed may still be written; after this long it is whole.
    private static readonly TimeSpan Settled = TimeSpan.FromMinutes(1);

    public async Task ReadAsync(Connection connection, CancellationToken cancellationToken)
    {
        var since = clock.GetUtcNow() - LookBack;
        var open = await (
            from dispatch in context.Dispatches
            join list in context.RecipientLists on dispatch.ListId equals list.Id
            join file in context.DispatchFiles on dispatch.Id equals file.DispatchId
            where dispatch.ConnectionId == connection.Id && dispatch.UploadedAt > since && dispatch.State != DispatchState.Sent && file.Kind == DispatchFileKind.Subscribers
            select new OpenDispatch(dispatch.Id, list.Client, file.Path!)).AsNoTracking().ToListAsync(cancellationToken);
        foreach (var ofClient in open.GroupBy(dispatch => dispatch.Client))
        {
            await using var server = await accounts.OpenAsync(connection.Settings, ofClient.Key, $"status of connection {connection.Id}", cancellationToken);
            await ReadAsync(connection, server, connection.Settings.LogDirectoryOf(ofClient.Key), connection.Settings.Status.LogFile, false, [.. ofClient], cancellationToken);
            await ReadAsync(connection, server, connection.Settings.ErrorDirectoryOf(ofClient.Key), connection.Settings.Status.ErrorFile, true, [.. ofClient], cancellationToken);
        }
    }

    private async Task ReadAsync(
        Connection connection, SftpClient server, string directory, string pattern, bool errors, IReadOnlyList<OpenDispatch> open, CancellationToken cancellationToken)
    {
        var found = (await server.ListAsync(directory, cancellationToken)).Where(file => !file.IsFolder).ToDictionary(file => file.Name, StringComparer.Ordinal);
        foreach (var dispatch in open)
        {
            var name = pattern.Replace("{NAME}", Path.GetFileNameWithoutExtension(dispatch.Path), StringComparison.Ordinal);
            if (!found.TryGetValue(name, out var file))
            {
                continue;
            }

            var path = directory is "." ? name : $"{directory.TrimEnd('/')}/{name}";
            var known = await context.StatusFiles.SingleOrDefaultAsync(row => row.ConnectionId == connection.Id && row.Path == path, cancellationToken);
            if (known is null || known.Size != file.Size || known.Modified != file.Modified)
            {
                var (text, whole) = await FetchAsync(server, path, file, cancellationToken);
                await ApplyAsync(connection, dispatch.Id, await StatusText.ReadAsync(text, connection.Settings.Status, cancellationToken), errors, whole ? file : null, path, cancellationToken);
            }
        }
    }

    /// <summary>The file's text up to its last whole row, and whether that is all of it.</summary>
    private async Task<(ReadOnlyMemory<byte> Text, bool Whole)> FetchAsync(SftpClient server, string path, SftpFile file, CancellationToken cancellationToken)
    {
        await using var stream = await server.OpenReadAsync(path, 0, LargestFile, cancellationToken);
        var copy = new MemoryStream();
        await stream.CopyToAsync(copy, cancellationToken);
        var text = copy.GetBuffer().AsMemory(0, (int)copy.Length);
        var rows = text.Span.LastIndexOf((byte)'\n') + 1;
        return rows == text.Length || clock.GetUtcNow() - file.Modified > Settled ? (text, true) : (text[..rows], false);
    }

    private async Task ApplyAsync(
        Connection connection, string dispatchId, IReadOnlyList<StatusLine> lines, bool errors, SftpFile? whole, string path, CancellationToken cancellationToken)
    {
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        var dispatch = await context.Dispatches.FromSql($"select * from dispatches where id = {dispatchId} for update").SingleAsync(cancellationToken);
        await context.Entry(dispatch).ReloadAsync(cancellationToken);
        foreach (var line in lines)
        {
            (dispatch.MailingId, dispatch.MailingMatched) = line.MailingId is { } told ? (told, false) : (dispatch.MailingId, dispatch.MailingMatched);
            var state = line.State ?? (errors ? Failed(dispatch.State) : null);
            if (state is { } next && Rank(next) > Rank(dispatch.State))
            {
                context.Change(dispatch, next, line.Message, clock);
            }
        }

        if (errors && lines.Count == 0 && whole is not null && Rank(Failed(dispatch.State)) > Rank(dispatch.State))
        {
            context.Change(dispatch, Failed(dispatch.State), "The partner wrote an empty error file.", clock);
        }

        if (errors && dispatch.State is DispatchState.ImportFailed or DispatchState.StartFailed && !connection.Settings.ContinueAfterError)
        {
            await context.Connections.Where(row => row.Id == connection.Id && row.HaltedAt == null)
                .ExecuteUpdateAsync(row => row.SetProperty(value => value.HaltedAt, clock.GetUtcNow()).SetProperty(value => value.HaltedBy, dispatchId), cancellationToken);
        }

        if (whole is not null)
        {
            await RememberAsync(connection.Id, dispatchId, path, whole, cancellationToken);
        }

        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private async Task RememberAsync(string connectionId, string dispatchId, string path, SftpFile file, CancellationToken cancellationToken)
    {
        var row = await context.StatusFiles.SingleOrDefaultAsync(known => known.ConnectionId == connectionId && known.Path == path, cancellationToken);
        if (row is null)
        {
            row = new() { ConnectionId = connectionId, Path = path, Size = file.Size, ReadAt = clock.GetUtcNow() };
            context.StatusFiles.Add(row);
        }

        (row.Size, row.Modified, row.DispatchId, row.ReadAt) = (file.Size, file.Modified, dispatchId, clock.GetUtcNow());
    }

    /// <summary>What an error file without a known word means: before the import is told, the import failed; after it, the start.</summary>
    private static DispatchState Failed(DispatchState state) => state is DispatchState.Uploaded or DispatchState.ImportFailed ? DispatchState.ImportFailed : DispatchState.StartFailed;

    /// <summary>States only move forward; a failure that the partner has mended is followed by the next success.</summary>
    private static int Rank(DispatchState state) => state switch
    {
        DispatchState.ImportFailed => 1,
        DispatchState.Imported => 2,
        DispatchState.StartFailed => 3,
        DispatchState.Sending => 4,
        DispatchState.Sent => 5,
        _ => 0,
    };

    private sealed record OpenDispatch(string Id, string? Client, string Path);
}
