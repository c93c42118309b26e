using Platform.Couriers.Sources.AmazonS3;
using Platform.Couriers.Sources.Heap;
using Platform.Couriers.Sources.OptimizelyEvents;
using Platform.Couriers.Sources.Sftp;

namespace Platform.Couriers.Sources;

/// <summary>The catalogue of source types (R1).</summary>
internal static class SourceTypes
{
    public static IReadOnlyList<ISourceType> All { get; } = [new AmazonS3Source(), new HeapSource(), new OptimizelyEventsSource(), new SftpSource()];

    public static ISourceType? Find(string name) => All.FirstOrDefault(type => type.Name == name);
}
