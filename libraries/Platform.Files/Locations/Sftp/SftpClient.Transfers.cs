using System.Security.Cryptography;

namespace Platform.Files.Locations.Sftp;

public sealed partial class SftpClient
{
    // Opening more connections costs half a second on a far server; below this size, or near by, one is as fast.
    private const long WorthSpreading = 16 * 1024 * 1024;
    private static readonly TimeSpan FarAway = TimeSpan.FromMilliseconds(4);

    private const int MaxFaults = 4;

    /// <summary>
    /// Opens a file for reading from <paramref name="offset"/> on, at most <paramref name="length"/> bytes. The stream reads ahead in order over as many connections as pay off; it
    /// is not seekable, and a file that becomes shorter meanwhile is <see cref="LocationFault.FileChanged"/>.
    /// </summary>
    public async Task<Stream> OpenReadAsync(string path, long offset, long? length, CancellationToken cancellationToken) =>
        await OpenReadAsync(path, offset, length, _ => { }, cancellationToken);

    /// <summary>
    /// Writes <paramref name="content"/>, from its position to its end, as the file <paramref name="path"/>, replacing what is there, and makes it durable. Returns when the server has acknowledged
    /// every byte and the file has that size. A cut connection is resumed at the last byte acknowledged when <paramref name="content"/> can seek. After a fault or
    /// cancellation an incomplete file may stay: write under a temporary name, then <see cref="RenameAsync"/>.
    /// </summary>
    public async Task<WrittenFile> UploadAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        using var upload = new SftpUpload(path, content);
        for (var faults = 0; ;)
        {
            var before = upload.Acknowledged;
            try
            {
                var sessions = await SessionsForAsync(content.CanSeek ? content.Length - content.Position : 0, cancellationToken);
                return await upload.RunAsync(sessions, cancellationToken);
            }
            catch (LocationException e) when (e.Fault == LocationFault.Unavailable && content.CanSeek)
            {
                faults = upload.Acknowledged > before ? 1 : faults + 1;
                if (faults >= MaxFaults)
                {
                    throw;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(200 << faults), _clock, cancellationToken);
                upload.Rewind();
            }
        }
    }

    internal async Task<Stream> OpenReadAsync(string path, long offset, long? length, Action<SftpAttributes> check, CancellationToken cancellationToken)
    {
        var first = await SessionAsync(cancellationToken);
        var handle = await OpenAsync(first, path, OpenFlags.Read, "opening", cancellationToken);
        var attributes = AttributesOf(await first.AskAsync(id => new PacketWriter(PacketType.FStat, id).Bytes(handle), cancellationToken), "looking at", path);
        if (attributes.IsFolder)
        {
            throw new LocationException(LocationFault.FileMissing, $"Error opening {path}: it is a directory.");
        }

        check(attributes);
        var size = Math.Max(0, Math.Min(length ?? long.MaxValue, attributes.Size - offset));
        var channels = new List<SftpReadStream.Channel> { new(first, handle) };
        if (size >= WorthSpreading)
        {
            foreach (var session in await SessionsForAsync(size, cancellationToken))
            {
                if (session != first)
                {
                    channels.Add(new(session, await OpenAsync(session, path, OpenFlags.Read, "opening", cancellationToken)));
                }
            }
        }

        return new SftpReadStream(path, channels, offset, size);
    }

    internal static async Task<byte[]> OpenAsync(SftpSession session, string path, OpenFlags flags, string doing, CancellationToken cancellationToken) =>
        HandleOf(await session.AskAsync(id => new PacketWriter(PacketType.Open, id).Text(path).UInt32((uint)flags).UInt32(0), cancellationToken), doing, path);

    internal static async Task FinishAsync(SftpSession session, byte[] handle, string path, long size, CancellationToken cancellationToken)
    {
        if (session.Supports("fsync@openssh.com"))
        {
            Require(await session.AskAsync(id => new PacketWriter(PacketType.Extended, id).Text("fsync@openssh.com").Bytes(handle), cancellationToken), "storing", path);
        }

        var found = AttributesOf(await session.AskAsync(id => new PacketWriter(PacketType.FStat, id).Bytes(handle), cancellationToken), "looking at", path).Size;
        if (found != size)
        {
            throw new LocationException(LocationFault.Unavailable, $"Error writing {path}: the server holds {found:N0} bytes where {size:N0} were written and acknowledged.");
        }
    }

    internal static void Require(Reply reply, string doing, string path)
    {
        var (code, message) = StatusOf(reply);
        if (code != StatusCode.Ok)
        {
            throw SftpFaults.FromStatus(doing, path, code, message);
        }
    }

    /// <summary>Why a write failed: version 3 has one word for everything, so a full disk is recognised by asking for the free space.</summary>
    internal static async Task<LocationException> WriteFaultAsync(SftpSession session, string path, Reply reply, CancellationToken cancellationToken)
    {
        const int FreeBlocks = 4;
        var (code, message) = StatusOf(reply);
        if (code != StatusCode.Failure)
        {
            return SftpFaults.FromStatus("writing", path, code, message);
        }

        if (message.Contains("space", StringComparison.OrdinalIgnoreCase) || message.Contains("quota", StringComparison.OrdinalIgnoreCase))
        {
            return SftpFaults.Full(path);
        }

        if (session.Supports("statvfs@openssh.com"))
        {
            var answer = await session.AskAsync(id => new PacketWriter(PacketType.Extended, id).Text("statvfs@openssh.com").Text(path), cancellationToken);
            if (answer.Type == PacketType.ExtendedReply && FieldOf(answer.Body, FreeBlocks) * FieldOf(answer.Body, 1) < (ulong)session.Block)
            {
                return SftpFaults.Full(path);
            }
        }

        return SftpFaults.FromStatus("writing", path, code, message);

        static ulong FieldOf(byte[] body, int index)
        {
            var reader = new PacketReader(body);
            for (var i = 0; i < index; i++)
            {
                reader.UInt64();
            }

            return reader.UInt64();
        }
    }

    private async Task<SftpSession[]> SessionsForAsync(long size, CancellationToken cancellationToken)
    {
        var first = await SessionAsync(cancellationToken);
        return size >= WorthSpreading && first.RoundTrip >= FarAway && _options.Channels > 1
            ? await SessionsAsync(_options.Channels, cancellationToken)
            : [first];
    }

    /// <summary>One upload over any number of connections, one after the other or side by side.</summary>
    private sealed class SftpUpload(string path, Stream content) : IDisposable
    {
        // Above the 2 MB window of a channel, so that it is never the requests that run out.
        private const int InFlightPerSession = 12;

        private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        private readonly long _start = content.CanSeek ? content.Position : 0;
        private long _hashed;

        /// <summary>Bytes from the beginning that the server surely has.</summary>
        public long Acknowledged { get; private set; }

        public void Rewind() => content.Position = _start + Acknowledged;

        public async Task<WrittenFile> RunAsync(SftpSession[] sessions, CancellationToken cancellationToken)
        {
            // What was acknowledged may be gone all the same: a server that crashed, a cleaner.
            if (Acknowledged > 0 && await SizeAsync(sessions[0], cancellationToken) < Acknowledged)
            {
                Acknowledged = 0;
                Rewind();
            }

            var handles = new byte[sessions.Length][];
            for (var i = 0; i < sessions.Length; i++)
            {
                var flags = i > 0 ? OpenFlags.Write : OpenFlags.Write | OpenFlags.Create | (Acknowledged == 0 ? OpenFlags.Truncate : 0);
                handles[i] = await OpenAsync(sessions[i], path, flags, "writing", cancellationToken);
            }

            await CopyAsync(sessions, handles, cancellationToken);
            for (var i = sessions.Length - 1; i >= 0; i--)
            {
                if (i == 0)
                {
                    await FinishAsync(sessions[0], handles[0], path, Acknowledged, cancellationToken);
                }

                Require(await sessions[i].AskAsync(id => new PacketWriter(PacketType.Close, id).Bytes(handles[i]), cancellationToken), "closing", path);
            }

            return new(Acknowledged, Convert.ToHexStringLower(_hash.GetCurrentHash()));
        }

        public void Dispose() => _hash.Dispose();

        private async Task CopyAsync(SftpSession[] sessions, byte[][] handles, CancellationToken cancellationToken)
        {
            var inFlight = new Queue<(Task<Task<Reply>> Sent, WriteBlock Block)>();
            var free = new Stack<WriteBlock>();
            var block = sessions.Min(session => session.Block);
            var position = Acknowledged;
            try
            {
                for (var turn = 0; ; turn = (turn + 1) % sessions.Length)
                {
                    var next = free.TryPop(out var used) ? used : new WriteBlock(handles.Max(handle => handle.Length), block);
                    if (await next.FillAsync(content, cancellationToken) == 0)
                    {
                        break;
                    }

                    Hash(next, position);
                    var session = sessions[turn];
                    var id = session.NextId();
                    var packet = next.Packet(id, handles[turn], position);
                    position += next.Length;
                    inFlight.Enqueue((session.StartAsync(id, packet, cancellationToken), next with { Session = session }));
                    if (inFlight.Count >= InFlightPerSession * sessions.Length)
                    {
                        free.Push(await SettleAsync(inFlight.Dequeue(), cancellationToken));
                    }
                }

                while (inFlight.TryDequeue(out var oldest))
                {
                    await SettleAsync(oldest, cancellationToken);
                }
            }
            finally
            {
                // On the way out by a fault: the requests still under way fail with their session, which nobody waits for any more.
                foreach (var (sent, _) in inFlight)
                {
                    _ = sent.ContinueWith(static task => task.Status == TaskStatus.RanToCompletion ? task.Result.Exception : task.Exception, TaskScheduler.Default);
                }
            }
        }

        private async Task<WriteBlock> SettleAsync((Task<Task<Reply>> Sent, WriteBlock Block) oldest, CancellationToken cancellationToken)
        {
            Reply reply;
            try
            {
                reply = await (await oldest.Sent).WaitAsync(cancellationToken);
            }
            catch (Exception e) when (e is OperationCanceledException or LocationException && cancellationToken.IsCancellationRequested)
            {
                oldest.Block.Session!.End(new(LocationFault.Unavailable, "The SFTP connection was closed because the upload was cancelled."));
                throw new OperationCanceledException(cancellationToken);
            }

            if (StatusOf(reply).Code != StatusCode.Ok)
            {
                throw await WriteFaultAsync(oldest.Block.Session!, path, reply, cancellationToken);
            }

            Acknowledged += oldest.Block.Length;
            return oldest.Block;
        }

        private void Hash(WriteBlock block, long position)
        {
            var known = (int)Math.Clamp(_hashed - position, 0, block.Length);
            _hash.AppendData(block.Data.Span[known..]);
            _hashed = Math.Max(_hashed, position + block.Length);
        }

        private async Task<long> SizeAsync(SftpSession session, CancellationToken cancellationToken)
        {
            var reply = await session.AskAsync(id => new PacketWriter(PacketType.Stat, id).Text(path), cancellationToken);
            return reply.Type == PacketType.Attributes ? AttributesOf(reply, "looking at", path).Size : 0;
        }
    }
}
