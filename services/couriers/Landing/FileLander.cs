using System.Threading.Channels;
using Platform.Contracts.Failures;
using Platform.Couriers.Runs;
using Platform.Couriers.Sources;
using Platform.Files.Locations;
using Platform.Postgres;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Landing;

/// <summary>
/// Pulls the files of a run that are not in the landing store yet: several at a time, streamed, hashed, resumed after a cut. What has landed is committed by
/// <see cref="LandingLedger"/> in the order of arrival, many files in one transaction when they come fast.
/// </summary>
internal sealed class FileLander(LandingStore store, LandingLedger ledger, RunOptions options, TimeProvider clock) : IDisposable
{
    private const long LargeFile = 64L * 1024 * 1024;
    private const int BlocksPerFile = 4;

    /// <summary>Blocks in memory for all files of the process together: 64 MB.</summary>
    private const int BlocksAtATime = 8;

    private readonly SemaphoreSlim _blocks = new(BlocksAtATime);

    public async Task LandAsync(RunContext context, IFileLocation source, IReadOnlyList<RunFile> pending, RunProgress progress, CancellationToken cancellationToken)
    {
        var arrived = Channel.CreateBounded<(int FileNo, LandedFile File)>(new BoundedChannelOptions(LandingLedger.BatchSize) { SingleReader = true });
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var committing = CommitAsync(context, arrived.Reader, progress, stop);
        try
        {
            // The members of an archive are files of their own that come in one object.
            await Parallel.ForEachAsync(pending.GroupBy(file => file.Key, StringComparer.Ordinal), new ParallelOptions { MaxDegreeOfParallelism = options.ParallelFiles, CancellationToken = stop.Token }, async (together, token) =>
            {
                LandedFile? landed = null;
                foreach (var file in together)
                {
                    landed = landed is null ? await PullAsync(context, source, file, progress, token) : Again(landed, file);
                    await arrived.Writer.WriteAsync((file.FileNo, landed), token);
                }
            });
        }
        catch (OperationCanceledException) when (committing.IsFaulted)
        {
            // The ledger stopped the pulling; its own fault is the one to tell.
        }
        finally
        {
            arrived.Writer.Complete();
            await committing;
        }
    }

    public void Dispose() => _blocks.Dispose();

    private async Task<LandedFile> PullAsync(RunContext context, IFileLocation source, RunFile file, RunProgress progress, CancellationToken cancellationToken)
    {
        using var activity = Telemetry.Source.StartActivity("land file");
        var id = PublicId.Sequential("lf");
        var name = file.Key[(file.Key.LastIndexOf('/') + 1)..];
        var path = LandingStore.PathFor(context.Run.CourierId, context.Run.Id, id, name);
        await using var body = Open(context, source, new(file.Key, file.Size, file.ETag, file.LastModified));
        var written = await store.WriteUnflushedAsync(path, new CountedStream(body, progress), file.Size, cancellationToken);
        if (written.Size != file.Size)
        {
            await store.Files.DeleteAsync(path, CancellationToken.None);
            throw new RunFailureException(FailureCategory.Environment, $"{source.Describe(file.Key)} gave {written.Size:N0} bytes, but was listed with {file.Size:N0}.");
        }

        return new()
        {
            Id = id,
            CourierId = context.Run.CourierId,
            RunId = context.Run.Id,
            Source = source.Describe(file.Key),
            FileName = name,
            Location = path,
            Tag = file.Tag,
            ContentType = file.ContentType,
            Size = written.Size,
            Sha256 = written.Sha256,
            ETag = file.ETag,
            LastModified = file.LastModified,
            FileDate = file.FileDate,
            Partitions = file.Partitions,
            Settings = file.Settings,
            LandedAt = clock.GetUtcNow(),
        };
    }

    // SFTP spreads large files by itself.
    private Stream Open(RunContext context, IFileLocation source, FileEntry entry) => entry.Size > LargeFile && context.Layout.Place is BucketPlace
        ? new ParallelReadStream(source, entry, clock, options.StallAfter, BlocksPerFile, _blocks)
        : new ResumingStream(source, entry, clock, options.StallAfter);

    // The same bytes under another tag.
    private static LandedFile Again(LandedFile landed, RunFile file) => new()
    {
        Id = PublicId.Sequential("lf"),
        CourierId = landed.CourierId,
        RunId = landed.RunId,
        Source = landed.Source,
        FileName = landed.FileName,
        Location = landed.Location,
        Tag = file.Tag,
        ContentType = file.ContentType,
        Size = landed.Size,
        Sha256 = landed.Sha256,
        ETag = landed.ETag,
        LastModified = landed.LastModified,
        FileDate = file.FileDate,
        Partitions = file.Partitions,
        Settings = file.Settings,
        LandedAt = landed.LandedAt,
    };

    // Runs to the end of the channel even when a pull has failed: what has landed is kept, and not pulled again.
    private async Task CommitAsync(RunContext context, ChannelReader<(int FileNo, LandedFile File)> arrived, RunProgress progress, CancellationTokenSource stop)
    {
        var batch = new List<(int FileNo, LandedFile File)>();
        try
        {
            while (await arrived.WaitToReadAsync(CancellationToken.None))
            {
                while (batch.Count < LandingLedger.BatchSize && arrived.TryRead(out var file))
                {
                    batch.Add(file);
                }

                // Bytes first: what the ledger knows must be there after a power cut as well.
                store.Flush([.. batch.Select(one => one.File.Location)]);
                await ledger.CommitAsync(context.Lease, batch, progress, CancellationToken.None);
                batch.Clear();
            }
        }
        catch (Exception e)
        {
            await stop.CancelAsync();
            while (arrived.TryRead(out var file))
            {
                batch.Add(file);
            }

            if (e is LeaseLostException)
            {
                // Rolled back for certain: nobody will ever know these files. After another fault the commit may have happened, and the next attempt looks.
                foreach (var (_, file) in batch)
                {
                    await store.Files.DeleteAsync(file.Location, CancellationToken.None);
                }
            }

            throw;
        }
    }
}
