using System.Globalization;

namespace Platform.OptimizelyBrevo.Decisions;

/// <summary>
/// Compares versions as the SDKs do, which is not quite semver.org: the condition's parts decide how far is compared (condition <c>2.1</c> equals user version <c>2.1.9</c>),
/// and a pre-release or build suffix is one part, compared as text. Allocates nothing.
/// </summary>
internal static class SemanticVersion
{
    private const int MaxParts = 4;

    /// <summary>Below 0, 0 or above 0 as the user's version is lower, equal, higher; null when either is no version.</summary>
    public static int? Compare(string condition, string user)
    {
        Span<Range> userRanges = stackalloc Range[MaxParts];
        Span<Range> conditionRanges = stackalloc Range[MaxParts];
        var userCount = Split(user, userRanges);
        var conditionCount = Split(condition, conditionRanges);
        if (userCount == 0 || conditionCount == 0)
        {
            return null;
        }

        var conditionPreRelease = SuffixMark(condition) == '-';
        var userPreRelease = SuffixMark(user) == '-';
        for (var i = 0; i < conditionCount; i++)
        {
            if (userCount <= i)
            {
                return SuffixMark(condition) == '\0' ? -1 : 1;
            }

            var userPart = user.AsSpan(userRanges[i]);
            var conditionPart = condition.AsSpan(conditionRanges[i]);
            if (!IsNumber(userPart))
            {
                var order = userPart.SequenceCompareTo(conditionPart);
                if (order < 0)
                {
                    return conditionPreRelease && !userPreRelease ? 1 : -1;
                }

                if (order > 0)
                {
                    return !conditionPreRelease && userPreRelease ? -1 : 1;
                }
            }
            else
            {
                // A condition part without leading digits is NaN: neither greater nor less.
                var userNumber = LeadingNumber(userPart);
                var conditionNumber = LeadingNumber(conditionPart);
                if (userNumber > conditionNumber)
                {
                    return 1;
                }

                if (userNumber < conditionNumber)
                {
                    return -1;
                }
            }
        }

        return userPreRelease && !conditionPreRelease ? -1 : 0;
    }

    /// <summary>Number of parts written to <paramref name="parts"/>; 0 when the text is no version.</summary>
    private static int Split(string version, Span<Range> parts)
    {
        foreach (var c in version)
        {
            if (char.IsWhiteSpace(c) || c == '\uFEFF')
            {
                return 0;
            }
        }

        var mark = SuffixMark(version);
        var prefixEnd = mark == '\0' ? version.Length : version.IndexOf(mark, StringComparison.Ordinal);
        var count = 0;
        var start = 0;
        while (start <= prefixEnd)
        {
            var dot = version.IndexOf('.', start, prefixEnd - start);
            var end = dot < 0 ? prefixEnd : dot;
            if (count == MaxParts - 1 || !IsNumber(version.AsSpan(start, end - start)))
            {
                return 0;
            }

            parts[count++] = start..end;
            start = end + 1;
        }

        if (prefixEnd + 1 < version.Length)
        {
            parts[count++] = (prefixEnd + 1)..version.Length;
        }

        return count;
    }

    /// <summary>Whichever of '-' (pre-release) and '+' (build) comes first, or NUL.</summary>
    private static char SuffixMark(string version)
    {
        var at = version.AsSpan().IndexOfAny('-', '+');
        return at < 0 ? '\0' : version[at];
    }

    private static bool IsNumber(ReadOnlySpan<char> text) => !text.IsEmpty && !text.ContainsAnyExceptInRange('0', '9');

    private static double LeadingNumber(ReadOnlySpan<char> text)
    {
        var digits = text.StartsWith("-", StringComparison.Ordinal) || text.StartsWith("+", StringComparison.Ordinal) ? 1 : 0;
        var end = digits;
        while (end < text.Length && char.IsAsciiDigit(text[end]))
        {
            end++;
        }

        return end == digits ? double.NaN : double.Parse(text[..end], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }
}
