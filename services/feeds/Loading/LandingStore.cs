using Platform.Contracts.Failures;
using Platform.Feeds.Couriers;
using Platform.Feeds.Persistence;
using Platform.Files;
using Platform.Files.Engine;
using Platform.Files.Formats;
using Platform.Files.Locations;
using Platform.Files.Locations.Landing;

namespace Platform.Feeds.Loading;

/// <summary>Finds landed files, brings them to this machine's disk where they are not, and says how to read them.</summary>
internal sealed class LandingStore(LandingPlace place, KindRegistry<IFileFormat> formats)
{
    /// <summary>
    /// The file as the engine takes it, with the copies that are to be disposed of when it was read; <see cref="LoadFailedException"/> when it is not there as it was landed, or nobody can read its content type.
    /// </summary>
    public async Task<(SourceFile File, IReadOnlyList<LandedCopy> Copies)> OpenAsync(LoadFile file, CancellationToken cancellationToken)
    {
        var format = formats.All.FirstOrDefault(kind => kind.ContentTypes.Contains(file.ContentType, StringComparer.OrdinalIgnoreCase))
            ?? throw new LoadFailedException(FailureCategory.Configuration,
                $"{file.Source} has the content type '{file.ContentType}', which cannot be read. Known: {string.Join(", ", formats.All.SelectMany(kind => kind.ContentTypes))}. Correct file/content-type in the courier's entities list.");
        var copy = await FetchAsync(file.Source, file.Location, cancellationToken)
            ?? throw new LoadFailedException(FailureCategory.Environment, $"{file.Source} is not in the landing store ({file.Location}). Is the store mounted here? Else run the courier again with force.");
        if (copy.Size != file.Size)
        {
            copy.Dispose();
            throw new LoadFailedException(FailureCategory.BadFile, $"{file.Source} has {copy.Size} bytes in the landing store, but was landed with {file.Size}. Run the courier again with force.");
        }

        var opened = new SourceFile { Path = copy.Path, Name = file.Source, Format = format.Name, FileId = file.FileNo, Partitions = file.Partitions, Settings = file.Settings };
        return file.Previous is { } previous && await PreviousAsync(previous, cancellationToken) is { } before
            ? (opened with { Previous = opened with { Path = before.Path, Name = previous.Source } }, [copy, before])
            : (opened, [copy]);
    }

    // One that the store let go of is no hindrance: the file is then loaded whole, which adds nothing that is there already.
    private async Task<LandedCopy?> PreviousAsync(PreviousFile previous, CancellationToken cancellationToken)
    {
        var copy = await FetchAsync(previous.Source, previous.Location, cancellationToken);
        if (copy is null || copy.Size == previous.Size)
        {
            return copy;
        }

        copy.Dispose();
        return null;
    }

    private async Task<LandedCopy?> FetchAsync(string source, string location, CancellationToken cancellationToken)
    {
        if (Path.IsPathRooted(location) || location.Split('/').Contains(".."))
        {
            throw new LoadFailedException(FailureCategory.Bug, $"{source} is said to lie outside the landing store.");
        }

        try
        {
            return await place.FetchAsync(location, cancellationToken);
        }
        catch (LocationException e)
        {
            throw new LoadFailedException(e.IsTransient || e.Fault == LocationFault.Full ? FailureCategory.Environment : FailureCategory.Configuration, $"{source} cannot be read from the landing store: {e.Message}");
        }
    }
}
