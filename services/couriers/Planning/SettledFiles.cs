using Platform.Contracts.Failures;
using Platform.Couriers.Runs;
using Platform.Files.Locations;

namespace Platform.Couriers.Planning;

/// <summary>
/// Keeps files that are still being written from being taken, where the source shows them before they are whole (SFTP): new and changed files are looked at again after a while, and must have
/// kept size and time. What changed meanwhile is a fault of the environment: the run tries again later by itself.
/// </summary>
internal static class SettledFiles
{
    // What was changed so long ago is settled whatever the server's clock says.
    private static readonly TimeSpan CertainlySettled = TimeSpan.FromHours(24);

    public static async Task CheckAsync(IFileLocation source, IEnumerable<RunFile> files, TimeSpan settleTime, TimeProvider clock, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var young = files.Where(file => file.FileId is null && (file.LastModified is not { } changed || now - changed < CertainlySettled)).ToArray();
        if (young.Length == 0 || settleTime == TimeSpan.Zero)
        {
            return;
        }

        await Task.Delay(settleTime, clock, cancellationToken);
        foreach (var folder in young.GroupBy(file => file.Key[..(file.Key.LastIndexOf('/') + 1)], StringComparer.Ordinal))
        {
            var entries = new Dictionary<string, FileEntry>(StringComparer.Ordinal);
            await foreach (var entry in source.ListAsync(folder.Key, ListDepth.Level, cancellationToken))
            {
                entries[entry.Path] = entry;
            }

            foreach (var file in folder)
            {
                if (!entries.TryGetValue(file.Key, out var entry))
                {
                    throw new RunFailureException(FailureCategory.Environment, $"{source.Describe(file.Key)} was there and has vanished again; its sender has not finished.");
                }

                if (entry.Size != file.Size || entry.ETag != file.ETag)
                {
                    throw new RunFailureException(FailureCategory.Environment,
                        $"{source.Describe(file.Key)} is still being written: it had {file.Size:N0} bytes and, {settleTime.TotalSeconds:0} s later, {entry.Size:N0}.");
                }
            }
        }
    }
}
