using System.Text.Json;

namespace Platform.Files.Engine.Child;

/// <summary>
/// Decides what SQL of a user may run. DuckDB's own parser takes it apart; the tree is walked, and what is not known to be harmless is refused by name. What remains runs with external access
/// off and the configuration locked.
/// </summary>
internal static class QueryCheck
{
    private const int MostLevels = 1_000;

    private static readonly HashSet<string> TableFunctions = new(StringComparer.OrdinalIgnoreCase) { "unnest", "range", "generate_series" };

    /// <summary>Functions that see or change more than their arguments.</summary>
    private static readonly HashSet<string> ForbiddenFunctions = new(StringComparer.OrdinalIgnoreCase) { "current_setting", "getvariable", "write_log", "nextval", "currval" };

    /// <summary>The query as its own tree spells it; <see cref="EngineException"/> with every reason why not.</summary>
    public static string Canonical(DuckDbConnection connection, IngestQuery query)
    {
        var text = connection.Texts($"SELECT CAST(json_serialize_sql({DuckDb.Literal(query.Sql)}) AS VARCHAR)")[0][0]!;
        using var tree = Parse(text);
        var root = tree.RootElement;
        if (root.TryGetProperty("error", out var failed) && failed.ValueKind == JsonValueKind.True)
        {
            var said = root.TryGetProperty("error_message", out var message) ? message.GetString() : "it cannot be understood";
            throw Refused(said is not null && said.Contains("Only SELECT", StringComparison.OrdinalIgnoreCase) ? "it is not a SELECT" : said ?? "it cannot be understood");
        }

        if (root.GetProperty("statements").GetArrayLength() != 1)
        {
            throw Refused($"it holds {root.GetProperty("statements").GetArrayLength()} statements where one SELECT is expected");
        }

        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        FindCommonTables(root, names);
        var problems = new List<string>();
        problems.AddRange(Taken(connection, names).Select(name => $"WITH gives the name '{name}', which is a system table's; choose another"));
        names.UnionWith(query.Tags);
        Walk(root, names, query.Tags, problems);
        return problems.Count == 0
            ? connection.Texts($"SELECT json_deserialize_sql(CAST({DuckDb.Literal(text)} AS JSON))")[0][0]!
            : throw Refused(string.Join("; ", problems.Distinct()));
    }

    private static EngineException Refused(string why) => new(EngineFailure.BadQuery, $"The ingest query is refused: {why}. Expected one SELECT over the files' tags.");

    private static JsonDocument Parse(string tree)
    {
        try
        {
            return JsonDocument.Parse(tree, new() { MaxDepth = MostLevels });
        }
        catch (JsonException)
        {
            throw Refused($"it is nested deeper than {MostLevels} levels; a chain of operators is a level or two for each of them, a list and one function over it is not");
        }
    }

    /// <summary>Those of <paramref name="names"/> that mean something also where WITH does not reach: a query that gives one of them could read the other there.</summary>
    private static IEnumerable<string> Taken(DuckDbConnection connection, HashSet<string> names) => names.Count == 0
        ? []
        : connection.Texts("SELECT view_name FROM duckdb_views() UNION SELECT table_name FROM duckdb_tables()").Select(row => row[0]!).Where(names.Contains);

    /// <summary>Names given by WITH. They may be used anywhere in the query, also outside of it.</summary>
    private static void FindCommonTables(JsonElement element, HashSet<string> names)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                FindCommonTables(item, names);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            foreach (var member in element.EnumerateObject())
            {
                if (member.Name == "cte_map" && member.Value.TryGetProperty("map", out var map))
                {
                    names.UnionWith(map.EnumerateArray().Select(entry => entry.GetProperty("key").GetString()!));
                }
                else if (member is { Name: "cte_name" or "ctename", Value.ValueKind: JsonValueKind.String })
                {
                    names.Add(member.Value.GetString()!);
                }

                FindCommonTables(member.Value, names);
            }
        }
    }

    private static void Walk(JsonElement element, HashSet<string> names, IReadOnlyList<string> tags, List<string> problems)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (var item in element.EnumerateArray())
            {
                Walk(item, names, tags, problems);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            Judge(element, names, tags, problems);
            foreach (var member in element.EnumerateObject())
            {
                Walk(member.Value, names, tags, problems);
            }
        }
    }

    private static void Judge(JsonElement node, HashSet<string> names, IReadOnlyList<string> tags, List<string> problems)
    {
        switch (Text(node, "type"))
        {
            case "BASE_TABLE":
                var table = Text(node, "table_name") ?? "";
                if (!names.Contains(table) || Text(node, "schema_name") is { Length: > 0 } || Text(node, "catalog_name") is { Length: > 0 })
                {
                    problems.Add($"there is no file tag '{table}'; there are {string.Join(", ", tags.Distinct(StringComparer.OrdinalIgnoreCase).Select(tag => $"'{tag}'"))}");
                }

                break;
            case "TABLE_FUNCTION":
                var function = node.TryGetProperty("function", out var call) ? Text(call, "function_name") ?? "" : "";
                if (!TableFunctions.Contains(function))
                {
                    problems.Add($"the table function '{function}' is not allowed, only {string.Join(", ", TableFunctions)}");
                }

                break;
            case "SHOW_REF":
                problems.Add("DESCRIBE, SHOW and SUMMARIZE are not allowed");
                break;
        }

        if (Text(node, "function_name") is { } name && ForbiddenFunctions.Contains(name))
        {
            problems.Add($"the function '{name}' is not allowed");
        }
    }

    private static string? Text(JsonElement node, string member) => node.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
