namespace Platform.Testing;

/// <summary>What one operation of the API answers to each kind of caller.</summary>
/// <param name="Method">GET, POST …</param>
/// <param name="Path">As in the OpenAPI document, with its parameters in braces.</param>
/// <param name="Scope">What a limited key must have to call it.</param>
/// <param name="Verdicts">By caller: 401, 403, or <see cref="RoleTable.Allowed"/>.</param>
public sealed record RoleRow(string Method, string Path, string Scope, IReadOnlyDictionary<string, string> Verdicts);

/// <summary>The role table of docs/security.md: every operation of the merged OpenAPI document, and who may call it. Tests write it (with <c>UPDATE_OPENAPI=1</c>), compare it and try every cell.</summary>
public static class RoleTable
{
    /// <summary>The verdict of a call that reaches its handler.</summary>
    public const string Allowed = "yes";

    private const string Begin = "<!-- roles: written by the gateway's tests -->";
    private const string End = "<!-- end of roles -->";

    private static readonly string File = Repository.PathOf("docs", "security.md");

    /// <summary>The callers, in the order of the columns.</summary>
    public static IReadOnlyList<string> Callers { get; } = ["anonymous", "viewer", "operator", "admin"];

    /// <summary>The verdict of an answer.</summary>
    public static string VerdictOf(int status) => status is 401 or 403 ? $"{status}" : Allowed;

    /// <summary>The committed table.</summary>
    public static IReadOnlyList<RoleRow> Read()
    {
        var (_, table, _) = Parts();
        return [.. table.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line =>
        {
            var cells = line.Trim('|', ' ').Split('|').Select(cell => cell.Trim().Trim('`')).ToList();
            return new RoleRow(cells[0], cells[1], cells[2], Callers.Zip(cells.Skip(3)).ToDictionary(pair => pair.First, pair => pair.Second));
        })];
    }

    /// <summary>Replaces the committed table.</summary>
    public static void Write(IEnumerable<RoleRow> rows)
    {
        var (before, _, after) = Parts();
        string[] lines =
        [
            $"| method | path | scope | {string.Join(" | ", Callers)} |",
            $"| --- | --- | --- | {string.Join(" | ", Callers.Select(_ => "---"))} |",
            .. rows.Select(TextOf),
        ];
        System.IO.File.WriteAllText(File, $"{before}{Begin}\n{string.Join('\n', lines)}\n{End}{after}");
    }

    /// <summary>One row as the table has it.</summary>
    public static string TextOf(RoleRow row) => $"| `{row.Method}` | `{row.Path}` | `{row.Scope}` | {string.Join(" | ", Callers.Select(caller => row.Verdicts[caller]))} |";

    private static (string Before, string Table, string After) Parts()
    {
        var text = System.IO.File.ReadAllText(File);
        var begin = text.IndexOf(Begin, StringComparison.Ordinal);
        var end = text.IndexOf(End, StringComparison.Ordinal);
        return begin >= 0 && end > begin
            ? (text[..begin], text[(begin + Begin.Length)..end], text[(end + End.Length)..])
            : throw new InvalidOperationException($"docs/security.md must hold the role table between the lines '{Begin}' and '{End}'.");
    }
}
