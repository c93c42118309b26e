using Platform.Contracts.Couriers;
using Platform.Contracts.Feeds;
using Platform.Couriers.Runs;

namespace Platform.Couriers.Passport;

/// <summary>Everything that happened to a file, and, where nothing did, why (X2).</summary>
/// <param name="Path">As asked for.</param>
/// <param name="Summary">One sentence for people.</param>
/// <param name="Landings">Each time it was pulled, newest first.</param>
/// <param name="Couriers">What each courier that could concern it says.</param>
internal sealed record FilePassport(string Path, string Summary, IReadOnlyList<Landing> Landings, IReadOnlyList<CourierVerdict> Couriers);

/// <summary>One time the file was pulled.</summary>
/// <param name="FileId">The landed file (<c>lf-…</c>).</param>
/// <param name="Source">Where it came from.</param>
/// <param name="CourierId">By whom.</param>
/// <param name="RunId">In which run.</param>
/// <param name="Tag">Its file tag.</param>
/// <param name="Size">Bytes.</param>
/// <param name="Sha256">Of its bytes.</param>
/// <param name="ETag">Its version at the source.</param>
/// <param name="FileDate">The day it belongs to.</param>
/// <param name="LandedAt">When.</param>
/// <param name="RemovedAt">When the landing store let go of its bytes; absent while they are kept.</param>
/// <param name="Runs">Runs that covered it, newest first.</param>
internal sealed record Landing(
    string FileId, string Source, string CourierId, string RunId, string Tag, long Size, string Sha256, string? ETag, DateOnly? FileDate, DateTimeOffset LandedAt, DateTimeOffset? RemovedAt,
    IReadOnlyList<CoveringRun> Runs);

/// <summary>A run that covered the file.</summary>
/// <param name="RunId">The run.</param>
/// <param name="State">How it stands.</param>
/// <param name="Order">The file's place in the run's load order.</param>
/// <param name="Pulled">False when it was in the landing store already, unchanged.</param>
/// <param name="Message">What the run says.</param>
/// <param name="Loads">Loads of the run that read the file's tag. Their counts are those of all their files.</param>
internal sealed record CoveringRun(string RunId, RunState State, int Order, bool Pulled, string? Message, IReadOnlyList<FileLoad> Loads);

/// <summary>A load that read the file. <c>GET /api/loads/{id}</c> has its share by file.</summary>
internal sealed record FileLoad(string LoadId, string FeedId, string? DomainTable, RunLoadState State, RowCounts Rows, string? Reason);

/// <summary>What a courier says of the path.</summary>
/// <param name="CourierId">The courier.</param>
/// <param name="CourierName">Its name.</param>
/// <param name="Matches">True when one of its patterns means such a file.</param>
/// <param name="FileDate">The day the path stands for, where it matches.</param>
/// <param name="Reason">Why it was taken or not.</param>
/// <param name="Remedy">What would take it; absent when it was taken.</param>
internal sealed record CourierVerdict(string CourierId, string CourierName, bool Matches, DateOnly? FileDate, string Reason, string? Remedy);
