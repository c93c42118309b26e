using System.Globalization;
using Platform.Files.Engine;

namespace Platform.Benchmarks;

/// <summary>Enriched events in Optimizely's layout and schema, any number of them; the same number is always the same data.</summary>
internal static class EventsOfADay
{
    public const string Account = "12345678";

    /// <summary>The columns of the files, in order, with the PostgreSQL types of the hand-written yardstick.</summary>
    public static IReadOnlyList<(string Name, string Type)> Columns { get; } =
    [
        ("uuid", "text"), ("timestamp", "timestamptz"), ("process_timestamp", "timestamptz"), ("visitor_id", "text"), ("session_id", "text"), ("account_id", "text"),
        ("experiments", "jsonb"), ("entity_id", "text"), ("attributes", "jsonb"), ("user_ip", "text"), ("user_agent", "text"), ("referer", "text"), ("event_type", "text"),
        ("event_name", "text"), ("revenue", "bigint"), ("value", "double precision"), ("quantity", "bigint"), ("tags", "jsonb"), ("revision", "text"), ("client_engine", "text"),
        ("client_version", "text"),
    ];

    /// <summary>Writes <c>account_id=…/type=events/date=…/event=…/part-….parquet</c> and <c>_SUCCESS</c> below <paramref name="folder"/>.</summary>
    public static void WriteParquet(string folder, DateOnly date, Events events, int parts)
    {
        var day = Path.Combine(folder, $"account_id={Account}", "type=events", $"date={date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}");
        var target = Path.Combine(day, "event=add_to_cart");
        Directory.CreateDirectory(target);
        using var duckdb = DuckDb.OpenInMemory();
        for (var part = 0; part < parts; part++)
        {
            var file = Path.Combine(target, string.Create(CultureInfo.InvariantCulture, $"part-{part:00000}-events.c000.snappy.parquet"));
            duckdb.Execute($"COPY ({Select(events, events.Count * part / parts, events.Count * (part + 1) / parts)}) TO {DuckDb.Literal(file)} (FORMAT parquet, COMPRESSION snappy)");
        }

        File.WriteAllText(Path.Combine(day, "_SUCCESS"), "");
    }

    /// <summary>The same rows as CSV, as somebody loading by hand would have them: nested values as JSON.</summary>
    public static void WriteCsv(string file, Events events, bool header = false)
    {
        var columns = Columns.Select(column => column.Type == "jsonb" ? $"to_json({column.Name})::VARCHAR AS {column.Name}" : column.Name);
        using var duckdb = DuckDb.OpenInMemory();
        duckdb.Execute($"COPY (SELECT {string.Join(", ", columns)} FROM ({Select(events, 0, events.Count)})) TO {DuckDb.Literal(file)} (FORMAT csv, HEADER {(header ? "true" : "false")})");
    }

    private static string Select(Events events, long from, long to)
    {
        var date = events.Day;
        var changed = string.Create(CultureInfo.InvariantCulture, $"(CASE WHEN {events.ChangedEvery} > 0 AND n % {Math.Max(1, events.ChangedEvery)} = 0 THEN 1 ELSE 0 END)");
        return $$"""
            SELECT md5('e{{date:yyyyMMdd}}' || i)::UUID::VARCHAR AS uuid,
                   (TIMESTAMP '{{date:yyyy-MM-dd}} 00:00:00' + to_milliseconds(i % 86000000))::TIMESTAMP_MS AS timestamp,
                   (TIMESTAMP '{{date:yyyy-MM-dd}} 00:01:00' + to_milliseconds(i % 86000000) + to_hours({{changed}}))::TIMESTAMP_MS AS process_timestamp,
                   'visitor-' || (i % 300000) AS visitor_id, NULL::VARCHAR AS session_id, '{{Account}}' AS account_id,
                   [{'campaign_id': '77101', 'experiment_id': '9300000000101', 'variation_id': '9300000000101' || (i % 2), 'is_holdback': false}] AS experiments,
                   '88' || (i % 7) AS entity_id,
                   [{'id': '501', 'name': 'plan', 'type': 'custom', 'value': CASE WHEN i % 3 = 0 THEN 'gold' ELSE 'free' END}, {'id': '$opt_bot_filtering', 'name': NULL, 'type': 'custom', 'value': 'false'}] AS attributes,
                   '10.0.' || (i % 250) || '.0' AS user_ip, 'Mozilla/5.0' AS user_agent, 'https://shop.example/' || (i % 1000) AS referer,
                   'custom' AS event_type, 'add_to_cart' AS event_name, (i % 200) * 100 + {{changed}} AS revenue, (i % 200) / 4 AS value, (i % 3)::BIGINT AS quantity,
                   MAP {'plan': CASE WHEN i % 3 = 0 THEN 'gold' ELSE 'free' END, 'coupon': 'SAVE' || (i % 5)} AS tags, '42' AS revision, 'node-sdk' AS client_engine, '5.3.0' AS client_version
            FROM (SELECT n, n * {{events.Step}} AS i FROM range({{from}}, {{to}}) r(n)) t
            """;
    }
}

/// <summary>Which events: <paramref name="Count"/> of <paramref name="Day"/>, every <paramref name="Step"/>th; every <paramref name="ChangedEvery"/>th of them with another value and an hour later (0: none).</summary>
internal sealed record Events(DateOnly Day, long Count, int Step = 1, int ChangedEvery = 0);
