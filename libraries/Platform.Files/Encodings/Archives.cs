using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Files.Engine;

namespace Platform.Files.Encodings;

/// <summary>What all archives have in common: which members are read.</summary>
internal static class Archives
{
    private const int NamesShown = 20;

    public static void CheckCount(int members, string encoding, EncodedSource source)
    {
        if (members > DecodeLimits.Entries)
        {
            throw new EngineException(EngineFailure.BadFile, $"{source.Name} is a {encoding} archive of more than {DecodeLimits.Entries} files; more are not read. Have it sent in several archives.");
        }
    }

    /// <summary>The members to read, in the order of their names; none only when that is allowed.</summary>
    public static IReadOnlyList<ArchiveEntry> Choose(IReadOnlyList<ArchiveEntry> members, ArchiveMember? wanted, string name)
    {
        // What macOS puts beside each file of a zip archive.
        var files = members.Where(member => !member.Name.StartsWith("__MACOSX/", StringComparison.Ordinal)).ToList();
        if (wanted is null)
        {
            return files switch
            {
                [var only] => [only],
                [] => throw new EngineException(EngineFailure.BadFile, $"{name} is an archive without files. Have it sent with its files."),
                _ => throw new EngineException(EngineFailure.BadFile, $"{name} is an archive of {files.Count} files ({Names(files)}). Say in archive/contents of the courier's entities list which of them to read."),
            };
        }

        var pattern = Pattern(wanted.Name);
        var chosen = files.Where(member => pattern.IsMatch(Normal(member.Name))).OrderBy(member => member.Name, StringComparer.Ordinal).ToList();
        return chosen.Count > 0 || wanted.SkipMissing
            ? chosen
            : throw new EngineException(
                EngineFailure.BadFile,
                $"{name} has no member '{wanted.Name}'. Its files are: {Names(files)}. Correct archive/contents, or set archive/skip-missing-contents when it may be missing.");
    }

    private static string Normal(string name) => name.Replace('\\', '/') is var forward && forward.StartsWith("./", StringComparison.Ordinal) ? forward[2..] : forward;

    private static Regex Pattern(string glob)
    {
        var pattern = new StringBuilder();
        foreach (var part in Normal(glob).Split('*'))
        {
            pattern.Append(pattern.Length == 0 ? @"\A" : "[^/]*").Append(Regex.Escape(part));
        }

        return new Regex(pattern.Append(@"\z").ToString(), RegexOptions.NonBacktracking | RegexOptions.CultureInvariant);
    }

    private static string Names(List<ArchiveEntry> members) =>
        string.Join(", ", members.Take(NamesShown).Select(member => member.Name))
        + (members.Count > NamesShown ? string.Create(CultureInfo.InvariantCulture, $" and {members.Count - NamesShown} more") : "");
}
