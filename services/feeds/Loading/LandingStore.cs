using Platform.Contracts.Failures;
using Platform.Feeds.Couriers;
using Platform.Feeds.Persistence;
using Platform.Files.Engine;
using Platform.Files.Formats;
using Platform.Files;

namespace Platform.Feeds.Loading;

/// <summary>Finds landed files on disk and says how to read them.</summary>
internal sealed class LandingStore(FeedsOptions options, KindRegistry<IFileFormat> formats)
{
    /// <summary>The file as the engine takes it; <see cref="LoadFailedException"/> when it is not there as it was landed, or nobody can read its content type.</summary>
    public SourceFile Open(LoadFile file)
    {
        var format = formats.All.FirstOrDefault(kind => kind.ContentTypes.Contains(file.ContentType, StringComparer.OrdinalIgnoreCase))
            ?? throw new LoadFailedException(FailureCategory.Configuration,
                $"{file.Source} has the content type '{file.ContentType}', which cannot be read. Known: {string.Join(", ", formats.All.SelectMany(kind => kind.ContentTypes))}. Correct file/content-type in the courier's entities list.");
        var root = Path.GetFullPath(options.LandingRoot);
        var path = Path.GetFullPath(Path.Combine(root, file.Location));
        if (!path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
        {
            throw new LoadFailedException(FailureCategory.Bug, $"{file.Source} is said to lie outside the landing store.");
        }

        var found = new FileInfo(path);
        if (!found.Exists)
        {
            throw new LoadFailedException(FailureCategory.Environment, $"{file.Source} is not in the landing store ({file.Location}). Is the store mounted here? Else run the courier again with force.");
        }

        if (found.Length != file.Size)
        {
            throw new LoadFailedException(FailureCategory.BadFile, $"{file.Source} has {found.Length} bytes in the landing store, but was landed with {file.Size}. Run the courier again with force.");
        }

        var opened = new SourceFile { Path = path, Name = file.Source, Format = format.Name, FileId = file.FileNo, Partitions = file.Partitions, Settings = file.Settings };
        return file.Previous is null ? opened : opened with { Previous = Previous(root, file.Previous, opened) };
    }

    // One that the store let go of is no hindrance: the file is then loaded whole, which adds nothing that is there already.
    private static SourceFile? Previous(string root, PreviousFile previous, SourceFile file)
    {
        var path = Path.GetFullPath(Path.Combine(root, previous.Location));
        return path.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal) && new FileInfo(path) is { Exists: true } found && found.Length == previous.Size
            ? file with { Path = path, Name = previous.Source }
            : null;
    }
}
