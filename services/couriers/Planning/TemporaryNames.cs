using System.IO.Enumeration;

namespace Platform.Couriers.Planning;

/// <summary>Names under which senders keep files they have not finished.</summary>
internal static class TemporaryNames
{
    /// <summary>True when the last segment of <paramref name="path"/> fits one of <paramref name="names"/>, in which <c>*</c> stands for any characters; case does not count.</summary>
    public static bool Include(IReadOnlyList<string> names, string path)
    {
        var name = path.AsSpan(path.LastIndexOf('/') + 1);
        foreach (var temporary in names)
        {
            if (FileSystemName.MatchesSimpleExpression(temporary, name, ignoreCase: true))
            {
                return true;
            }
        }

        return false;
    }
}
