namespace Platform.ServiceDefaults;

/// <summary>What somebody may have meant who wrote a word that is none of the known ones.</summary>
public static class Spelling
{
    private const int MaxLength = 100;
    private const int MaxGiven = 3;

    /// <summary>The known words nearest to <paramref name="word"/>, at most three, nearest first; none where nothing comes near. Case does not matter.</summary>
    public static IReadOnlyList<string> Nearest(string word, IEnumerable<string> known)
    {
        if (word.Length is 0 or > MaxLength)
        {
            return [];
        }

        var near = known.Select(candidate => (Word: candidate, Distance: Distance(word, candidate))).Where(found => found.Distance <= Math.Max(1, Math.Max(word.Length, found.Word.Length) / 3)).ToList();
        return [.. near.Where(found => found.Distance <= near.Min(other => other.Distance) + 1)
            .OrderBy(found => found.Distance).ThenBy(found => found.Word, StringComparer.Ordinal).Take(MaxGiven).Select(found => found.Word)];
    }

    /// <summary>How many mistakes lie between the words (Levenshtein), without regard to case; two letters that changed places count as one. Quadratic: for short words.</summary>
    public static int Distance(string left, string right)
    {
        var before = new int[right.Length + 1];
        var last = Enumerable.Range(0, right.Length + 1).ToArray();
        for (var i = 1; i <= left.Length; i++)
        {
            var now = new int[right.Length + 1];
            now[0] = i;
            for (var j = 1; j <= right.Length; j++)
            {
                var same = Lower(left[i - 1]) == Lower(right[j - 1]);
                now[j] = Math.Min(Math.Min(now[j - 1], last[j]) + 1, last[j - 1] + (same ? 0 : 1));
                if (i > 1 && j > 1 && Lower(left[i - 1]) == Lower(right[j - 2]) && Lower(left[i - 2]) == Lower(right[j - 1]))
                {
                    now[j] = Math.Min(now[j], before[j - 2] + 1);
                }
            }

            (before, last) = (last, now);
        }

        return last[right.Length];
    }

    private static char Lower(char c) => char.ToLowerInvariant(c);
}
