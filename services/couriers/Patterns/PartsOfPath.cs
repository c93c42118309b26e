using System.Globalization;

namespace Platform.Couriers.Patterns;

/// <summary>
/// Where the parts of a pattern stand in one path. A run asks this of every listed path for every day, so nothing is compiled: a regular expression per day cost hundreds of megabytes.
/// </summary>
/// <remarks>
/// Between two wildcards every part has a fixed length, and no wildcard crosses a <c>/</c>, so that each stands in one segment of the path whatever those before it take. A wildcard takes as much
/// as it can, the first one first; where one was to end in vain it is not tried again, so that the time grows with the length of the path times the number of parts, not with their combinations.
/// </remarks>
internal sealed class PartsOfPath(IReadOnlyList<PatternPart> parts, string path)
{
    private readonly int[] _starts = new int[parts.Count];
    private readonly int[] _inVainFrom = [.. Enumerable.Repeat(int.MaxValue, parts.Count)];

    /// <summary>Whether the whole path is the whole pattern.</summary>
    public bool Match() => Match(0, 0);

    /// <summary>The number that the parts of a kind name, null when there are none; false when they contradict each other, as may yyyy/MM/'users-'yyyyMM.</summary>
    public bool TryRead(PatternPartKind kind, out int? value)
    {
        value = null;
        for (var i = 0; i < parts.Count; i++)
        {
            if (parts[i].Kind == kind)
            {
                var read = Number(_starts[i], LengthOf(parts[i]));
                if (value is not null && value != read)
                {
                    return false;
                }

                value = read;
            }
        }

        return true;
    }

    private bool Match(int part, int at)
    {
        for (; part < parts.Count && parts[part].Kind != PatternPartKind.Wildcard; part++)
        {
            if (!Stands(parts[part], at))
            {
                return false;
            }

            _starts[part] = at;
            at += LengthOf(parts[part]);
        }

        if (part == parts.Count)
        {
            return at == path.Length;
        }

        var end = path.IndexOf('/', at);
        for (var next = Math.Min(end < 0 ? path.Length : end, _inVainFrom[part] - 1); next >= at; next--)
        {
            if (Match(part + 1, next))
            {
                return true;
            }

            _inVainFrom[part] = next;
        }

        return false;
    }

    private bool Stands(PatternPart part, int at) => at + LengthOf(part) <= path.Length && part.Kind switch
    {
        PatternPartKind.Literal => path.AsSpan(at).StartsWith(part.Text, StringComparison.Ordinal),
        PatternPartKind.Year => Number(at, 4) is not null,
        PatternPartKind.Month => Number(at, 2) is >= 1 and <= 12,
        PatternPartKind.Day => Number(at, 2) is >= 1 and <= 31,
        PatternPartKind.Hour => Number(at, 2) is <= 23,
        _ => throw new InvalidOperationException($"Unknown part {part.Kind}."),
    };

    private static int LengthOf(PatternPart part) => part.Kind switch
    {
        PatternPartKind.Literal => part.Text.Length,
        PatternPartKind.Year => 4,
        _ => 2,
    };

    private int? Number(int at, int digits) => int.TryParse(path.AsSpan(at, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
