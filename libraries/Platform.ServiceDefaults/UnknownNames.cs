using System.Globalization;

namespace Platform.ServiceDefaults;

/// <summary>Names of a request that mean nothing there: collected up to a bound, told with what may have been meant.</summary>
internal sealed class UnknownNames
{
    private const int MaxProblems = 20;
    private const int MaxShown = 60;

    private readonly List<FieldProblem> _problems = [];
    private int _more;

    /// <summary>What to say of <paramref name="name"/>: the nearest of the known names, and all of them.</summary>
    public static string Describe(string kind, string name, string owner, IReadOnlyCollection<string> known)
    {
        if (known.Count == 0)
        {
            return $"There is no such {kind}: {char.ToLowerInvariant(owner[0])}{owner[1..]} has none.";
        }

        var meant = Spelling.Nearest(name, known);
        return $"There is no such {kind}{(meant.Count == 0 ? "." : $"; did you mean {string.Join(" or ", meant.Select(one => $"'{one}'"))}?")} {owner} has {string.Join(", ", known.Order(StringComparer.Ordinal))}.";
    }

    /// <summary>A stranger's name as it may stand in an answer.</summary>
    public static string Shown(string name) => new([.. name.Take(MaxShown).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? '\uFFFD' : c)]);

    /// <summary>Adds a problem, or counts it when there are enough.</summary>
    public void Add(Func<FieldProblem> problem)
    {
        if (_problems.Count < MaxProblems)
        {
            _problems.Add(problem());
        }
        else
        {
            _more++;
        }
    }

    public IReadOnlyList<FieldProblem> All() =>
        _more == 0 ? _problems : [.. _problems, new("…", string.Create(CultureInfo.InvariantCulture, $"And {_more} more."))];
}
