using Platform.ServiceDefaults;

namespace Platform.Couriers.Definitions;

/// <summary>Everything that reading a definition found: problems refuse it, warnings do not.</summary>
internal sealed class Findings
{
    public List<FieldProblem> Problems { get; } = [];

    public List<FieldProblem> Warnings { get; } = [];

    public void Problem(string path, string problem) => Problems.Add(new(path, problem));

    public void Warning(string path, string warning) => Warnings.Add(new(path, warning));

    /// <summary>The JSON path of a member: <c>$.a.name</c>, or <c>$.a['file/tag']</c> where the name is no plain word.</summary>
    public static string Member(string path, string name) =>
        name.Length > 0 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(name[0]) ? $"{path}.{name}" : $"{path}['{name.Replace("'", "\\'")}']";
}
