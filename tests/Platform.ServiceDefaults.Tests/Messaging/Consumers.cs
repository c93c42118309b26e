using System.Diagnostics;
using Platform.Contracts.Couriers;
using Platform.Contracts.Feeds;
using Platform.ServiceDefaults.Messaging;

namespace Platform.ServiceDefaults.Tests.Messaging;

/// <summary>Writes down each landed file.</summary>
internal sealed class FileLandedConsumer(TestContext context, TimeProvider clock) : InboxConsumer<FileLanded, TestContext>(context, clock)
{
    protected override Task HandleAsync(FileLanded message, CancellationToken cancellationToken)
    {
        Database.Handled.Add(new() { What = message.FileId, TraceId = Activity.Current?.TraceId.ToHexString() });
        return Task.CompletedTask;
    }
}

/// <summary>Takes the command, and fails the first time it sees one, after its row is written.</summary>
internal sealed class LoadFilesConsumer(TestContext context, TimeProvider clock, FirstAttempts attempts) : InboxConsumer<LoadFiles, TestContext>(context, clock)
{
    protected override async Task HandleAsync(LoadFiles message, CancellationToken cancellationToken)
    {
        Database.Handled.Add(new() { What = message.LoadId });
        Database.Publish(Messages.Loaded(message.LoadId), Clock);
        await Database.SaveChangesAsync(cancellationToken);
        if (attempts.IsFirst(message.LoadId))
        {
            throw new InvalidOperationException("The first attempt fails.");
        }
    }
}

internal sealed class FirstAttempts
{
    private readonly HashSet<string> _seen = [];
    private readonly Lock _lock = new();

    public bool IsFirst(string id)
    {
        lock (_lock)
        {
            return _seen.Add(id);
        }
    }
}

internal static class Messages
{
    public static FileLanded Landed(string id) => new()
    {
        FileId = id,
        CourierId = "cr-1",
        RunId = "run-1",
        Source = "s3://bucket/key",
        Location = "a/b",
        Tag = "t",
        ContentType = "text/csv",
        Size = 1,
        Sha256 = new('0', 64),
        FileDate = new(2026, 3, 4),
    };

    public static LoadFiles Load(string id) => new() { LoadId = id, RunId = "run-1", CourierId = "cr-1", FeedId = "df-1", Tags = ["t"] };

    public static FeedLoaded Loaded(string id) => new()
    {
        LoadId = id,
        FeedId = "df-1",
        DomainTable = "A:B",
        Files = 1,
        Rows = new(),
        Strategy = "merge",
        CommittedAt = DateTimeOffset.UnixEpoch,
    };
}
