using System.Globalization;
using Platform.Files.Engine;

namespace Platform.Demo;

/// <summary>
/// Writes an account's enriched-events day as Optimizely exports it: decisions per experiment and conversions per event, several parts each, nested attributes, experiments and tags,
/// <c>_SUCCESS</c> beside them. The same day is always the same data, so a repeated demo changes nothing. A few conversions come twice (the later one wins) and one has no uuid (it is rejected).
/// </summary>
internal static class EnrichedEvents
{
    private const string Account = "12345678";
    private const int Parts = 2;
    private const int DecisionsPerPart = 4_000;
    private const int EventsPerPart = 6_000;
    private static readonly string[] Experiments = ["9300000000101", "9300000000102", "9300000000103"];
    private static readonly string[] Events = ["add_to_cart", "page_view", "purchase"];

    public static async Task GenerateAsync(string folder, DateOnly date)
    {
        using var duckdb = DuckDb.OpenInMemory();
        foreach (var experiment in Experiments)
        {
            for (var part = 0; part < Parts; part++)
            {
                Write(duckdb, folder, "decisions", date, $"experiment={experiment}", part, Decisions(experiment, date, part));
            }
        }

        foreach (var name in Events)
        {
            for (var part = 0; part < Parts; part++)
            {
                Write(duckdb, folder, "events", date, $"event={name}", part, Conversions(name, date, part));
            }
        }

        foreach (var type in (string[])["decisions", "events"])
        {
            await File.WriteAllBytesAsync(Path.Combine(Day(folder, type, date), "_SUCCESS"), []);
        }
    }

    private static string Day(string folder, string type, DateOnly date) =>
        Path.Combine(folder, $"account_id={Account}", $"type={type}", $"date={date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");

    private static void Write(DuckDbConnection duckdb, string folder, string type, DateOnly date, string split, int part, string select)
    {
        var target = Path.Combine(Day(folder, type, date), split);
        Directory.CreateDirectory(target);
        var file = Path.Combine(target, string.Create(CultureInfo.InvariantCulture, $"part-{part:00000}-{type}.c000.snappy.parquet"));
        duckdb.Execute($"COPY ({select}) TO {DuckDb.Literal(file)} (FORMAT parquet, COMPRESSION snappy)");
    }

    private static string Decisions(string experiment, DateOnly date, int part) => $$"""
        SELECT md5('d{{experiment}}{{date:yyyyMMdd}}' || i)::UUID::VARCHAR AS uuid, {{Common(date)}},
               '77{{experiment[^3..]}}' AS campaign_id, '{{experiment}}' AS experiment_id, '{{experiment}}' || (i % 2) AS variation_id,
               {{Attributes}} AS attributes, '10.0.' || (i % 250) || '.0' AS user_ip, 'Mozilla/5.0' AS user_agent, 'https://shop.example/' AS referer,
               i % 50 = 0 AS is_holdback, '42' AS revision, 'node-sdk' AS client_engine, '5.3.0' AS client_version
        FROM range({{part * DecisionsPerPart}}, {{(part + 1) * DecisionsPerPart}}) t(i)
        """;

    // Row 7 of every part is also the last row of the part, processed a minute later; row 11 of the first has no uuid.
    private static string Conversions(string name, DateOnly date, int part) => $$"""
        SELECT CASE WHEN i = 11 THEN NULL
                    WHEN i = {{((part + 1) * EventsPerPart) - 1}} THEN md5('e{{name}}{{date:yyyyMMdd}}' || {{(part * EventsPerPart) + 7}})::UUID::VARCHAR
                    ELSE md5('e{{name}}{{date:yyyyMMdd}}' || i)::UUID::VARCHAR END AS uuid, {{Common(date)}},
               [{'campaign_id': '77101', 'experiment_id': '{{Experiments[0]}}', 'variation_id': '{{Experiments[0]}}' || (i % 2), 'is_holdback': false}] AS experiments,
               '88' || length('{{name}}') AS entity_id, {{Attributes}} AS attributes, '10.0.' || (i % 250) || '.0' AS user_ip, 'Mozilla/5.0' AS user_agent, 'https://shop.example/' AS referer,
               'custom' AS event_type, '{{name}}' AS event_name, {{(name == "purchase" ? "(i % 200) * 100" : "NULL")}}::BIGINT AS revenue, (i % 200) / 4 AS value, (i % 3)::BIGINT AS quantity,
               MAP {'plan': CASE WHEN i % 3 = 0 THEN 'gold' ELSE 'free' END, 'coupon': 'SAVE' || (i % 5)} AS tags, '42' AS revision, 'node-sdk' AS client_engine, '5.3.0' AS client_version
        FROM range({{part * EventsPerPart}}, {{(part + 1) * EventsPerPart}}) t(i)
        """;

    private static string Common(DateOnly date) => $"""
        (TIMESTAMP '{date:yyyy-MM-dd} 00:00:00' + to_seconds(i % 86000))::TIMESTAMP_MS AS timestamp,
               (TIMESTAMP '{date:yyyy-MM-dd} 00:01:00' + to_seconds(i % 86000))::TIMESTAMP_MS AS process_timestamp,
               'visitor-' || (i % 3000) AS visitor_id, NULL::VARCHAR AS session_id, '{Account}' AS account_id
        """;

    private const string Attributes =
        "[{'id': '502', 'name': 'email', 'type': 'custom', 'value': 'visitor-' || (i % 3000) || '@shop.example'}, {'id': '501', 'name': 'plan', 'type': 'custom', 'value': CASE WHEN i % 3 = 0 THEN 'gold' ELSE 'free' END}, {'id': '$opt_bot_filtering', 'name': NULL, 'type': 'custom', 'value': 'false'}]";
}
