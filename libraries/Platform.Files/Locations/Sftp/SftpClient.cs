using System.Net;
using Platform.ServiceDefaults.Outgoing;

namespace Platform.Files.Locations.Sftp;

/// <summary>A file or folder on an SFTP server.</summary>
/// <param name="Name">Last part of its path.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Modified">UTC, to the second, by the server's clock; null where it does not say.</param>
/// <param name="IsFolder">True for a folder.</param>
public sealed record SftpFile(string Name, long Size, DateTimeOffset? Modified, bool IsFolder);

/// <summary>
/// An account on an SFTP server, over OpenSSH (docs/adr/0040). Connections are opened when first needed and again after a cut; a large file on a far server is spread over several.
/// Every fault is a <see cref="LocationException"/>. Cancelling takes effect at once, by ending the connection if need be.
/// </summary>
public sealed partial class SftpClient : IAsyncDisposable
{
    private readonly SftpOptions _options;
    private readonly AddressGuard _guard;
    private readonly TimeProvider _clock;
    private readonly SemaphoreSlim _opening = new(1, 1);
    private readonly List<SftpSession> _sessions = [];

    /// <summary>Connects to nothing yet. Throws when <paramref name="options"/> cannot be right.</summary>
    public SftpClient(SftpOptions options, AddressGuard guard, TimeProvider clock)
    {
        if (options.Problems() is { Count: > 0 } problems)
        {
            throw new LocationException(LocationFault.BadSettings, string.Join(" ", problems));
        }

        _options = options;
        _guard = guard;
        _clock = clock;
    }

    /// <summary>Connects and logs in, unless that has been done.</summary>
    public async Task ConnectAsync(CancellationToken cancellationToken) => await SessionAsync(cancellationToken);

    /// <summary>The file or folder at <paramref name="path"/>, links followed; null when there is none.</summary>
    public async Task<SftpFile?> FindAsync(string path, CancellationToken cancellationToken)
    {
        var session = await SessionAsync(cancellationToken);
        var reply = await session.AskAsync(id => new PacketWriter(PacketType.Stat, id).Text(path), cancellationToken);
        if (reply.Type == PacketType.Status && StatusOf(reply).Code == StatusCode.NoSuchFile)
        {
            return null;
        }

        var attributes = AttributesOf(reply, "looking at", path);
        return new(NameOf(path), attributes.Size, attributes.Modified, attributes.IsFolder);
    }

    /// <summary>What lies directly in a folder, in no particular order; links are followed, dead ones and devices left out.</summary>
    public async Task<IReadOnlyList<SftpFile>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        var session = await SessionAsync(cancellationToken);
        var handle = HandleOf(await session.AskAsync(id => new PacketWriter(PacketType.OpenDir, id).Text(folder), cancellationToken), "listing", folder);
        var found = new List<(string Name, SftpAttributes Attributes)>();
        while (true)
        {
            var reply = await session.AskAsync(id => new PacketWriter(PacketType.ReadDir, id).Bytes(handle), cancellationToken);
            if (reply.Type != PacketType.Name)
            {
                var (code, message) = StatusOf(reply);
                await CloseAsync(session, handle, cancellationToken);
                return code == StatusCode.EndOfFile ? await FollowLinksAsync(folder, found, cancellationToken) : throw SftpFaults.FromStatus("listing", folder, code, message);
            }

            AddNames(reply.Body, found);
        }
    }

    /// <summary>
    /// Gives a file another name, in one step that others see or do not see. A file of the new name is never replaced: <see cref="LocationFault.AlreadyExists"/>.
    /// </summary>
    public async Task RenameAsync(string from, string to, CancellationToken cancellationToken)
    {
        var session = await SessionAsync(cancellationToken);

        // The rename of version 3 refuses an existing name; OpenSSH links and unlinks, so no race can make it replace one. Its extension posix-rename would replace, and is not used.
        var reply = await session.AskAsync(id => new PacketWriter(PacketType.Rename, id).Text(from).Text(to), cancellationToken);
        var (code, message) = StatusOf(reply);
        if (code == StatusCode.Ok)
        {
            return;
        }

        throw code is StatusCode.Failure or StatusCode.NoSuchFile && await FindAsync(to, cancellationToken) is not null
            ? SftpFaults.Exists(to)
            : SftpFaults.FromStatus("renaming", $"{from} to {to}", code, message);
    }

    /// <summary>Removes a file; false when there was none.</summary>
    public async Task<bool> RemoveAsync(string path, CancellationToken cancellationToken)
    {
        var session = await SessionAsync(cancellationToken);
        var (code, message) = StatusOf(await session.AskAsync(id => new PacketWriter(PacketType.Remove, id).Text(path), cancellationToken));
        return code switch
        {
            StatusCode.Ok => true,
            StatusCode.NoSuchFile => false,
            _ => throw SftpFaults.FromStatus("removing", path, code, message),
        };
    }

    /// <summary>Makes a folder; one that exists is no fault.</summary>
    public async Task MakeFolderAsync(string path, CancellationToken cancellationToken)
    {
        var session = await SessionAsync(cancellationToken);
        var (code, message) = StatusOf(await session.AskAsync(id => new PacketWriter(PacketType.MakeDir, id).Text(path).UInt32(0), cancellationToken));
        if (code != StatusCode.Ok && (await FindAsync(path, cancellationToken))?.IsFolder != true)
        {
            throw SftpFaults.FromStatus("making the directory", path, code, message);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var session in _sessions)
        {
            await session.DisposeAsync();
        }

        _sessions.Clear();
        _opening.Dispose();
    }

    private static string NameOf(string path) => path[(path.LastIndexOf('/') + 1)..];

    private static (StatusCode Code, string Message) StatusOf(Reply reply)
    {
        if (reply.Type != PacketType.Status)
        {
            throw new LocationException(LocationFault.Unavailable, $"The SFTP server answered with a packet of type {reply.Type} where a status was due.");
        }

        var reader = new PacketReader(reply.Body);
        var code = (StatusCode)reader.UInt32();

        // The text is part of version 3, yet some servers leave it out.
        return (code, reader.AtEnd ? "" : reader.Text());
    }

    private static byte[] HandleOf(Reply reply, string doing, string path)
    {
        if (reply.Type == PacketType.Handle)
        {
            return new PacketReader(reply.Body).Bytes().ToArray();
        }

        var (code, message) = StatusOf(reply);
        throw SftpFaults.FromStatus(doing, path, code, message);
    }

    private static SftpAttributes AttributesOf(Reply reply, string doing, string path)
    {
        if (reply.Type == PacketType.Attributes)
        {
            return new PacketReader(reply.Body).Attributes();
        }

        var (code, message) = StatusOf(reply);
        throw SftpFaults.FromStatus(doing, path, code, message);
    }

    private static void AddNames(byte[] body, List<(string Name, SftpAttributes Attributes)> found)
    {
        var reader = new PacketReader(body);
        for (var count = reader.UInt32(); count > 0; count--)
        {
            var name = reader.Text();
            reader.Bytes();
            var attributes = reader.Attributes();

            // A name with a slash would lead out of the folder.
            if (name is not ("." or "..") && !name.Contains('/'))
            {
                found.Add((name, attributes));
            }
        }
    }

    private async Task<IReadOnlyList<SftpFile>> FollowLinksAsync(string folder, List<(string Name, SftpAttributes Attributes)> found, CancellationToken cancellationToken)
    {
        var files = new List<SftpFile>(found.Count);
        foreach (var (name, attributes) in found)
        {
            if (attributes.IsLink)
            {
                if (await FindAsync($"{folder.TrimEnd('/')}/{name}", cancellationToken) is { } target)
                {
                    files.Add(target with { Name = name });
                }
            }
            else if (attributes.IsFile || attributes.IsFolder)
            {
                files.Add(new(name, attributes.IsFolder ? 0 : attributes.Size, attributes.Modified, attributes.IsFolder));
            }
        }

        return files;
    }

    private static async Task CloseAsync(SftpSession session, byte[] handle, CancellationToken cancellationToken) =>
        await session.AskAsync(id => new PacketWriter(PacketType.Close, id).Bytes(handle), cancellationToken);

    private async Task<SftpSession> SessionAsync(CancellationToken cancellationToken) => (await SessionsAsync(1, cancellationToken))[0];

    /// <summary>Open sessions, at least <paramref name="count"/>; missing ones are opened all at once.</summary>
    private async Task<SftpSession[]> SessionsAsync(int count, CancellationToken cancellationToken)
    {
        await _opening.WaitAsync(cancellationToken);
        try
        {
            foreach (var ended in _sessions.Where(session => !session.IsOpen).ToList())
            {
                _sessions.Remove(ended);
                await ended.DisposeAsync();
            }

            var missing = count - _sessions.Count;
            if (missing > 0)
            {
                var address = await ResolveAsync(cancellationToken);
                var opening = Enumerable.Range(0, missing).Select(_ => SftpSession.OpenAsync(_options, address, _clock, cancellationToken)).ToList();
                try
                {
                    await Task.WhenAll(opening);
                }
                finally
                {
                    _sessions.AddRange(opening.Where(task => task.IsCompletedSuccessfully).Select(task => task.Result));
                }
            }

            return [.. _sessions.Take(count)];
        }
        finally
        {
            _opening.Release();
        }
    }

    // At every connect: a name that changes its address later must not lead anywhere forbidden. ssh gets the address that was checked.
    private async Task<IPAddress> ResolveAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await _guard.ResolveAsync(_options.Host, cancellationToken))[0];
        }
        catch (AddressRefusedException e)
        {
            throw new LocationException(LocationFault.AddressRefused, e.Message, e);
        }
        catch (System.Net.Sockets.SocketException e)
        {
            throw new LocationException(LocationFault.Unavailable, $"The name {_options.Host} cannot be resolved ({e.Message}). Check the host of the SFTP server.", e);
        }
    }
}
