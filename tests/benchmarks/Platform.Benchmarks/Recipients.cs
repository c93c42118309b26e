using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Npgsql;
using Platform.Testing;
using Platform.Testing.Processes;

namespace Platform.Benchmarks;

/// <summary>
/// <c>recipients</c> of quality.md: a recipient file out of a domain table, from the call that makes the dispatch to the file validated and stored, through the public API; against <c>psql \copy (select …) to</c>
/// the same file. Both are the same to the byte.
/// </summary>
internal static class Recipients
{
    private const int Rounds = 3;
    private const long SourceMailing = 44018617811;
    private const string Query = """select mail as "Email", salutation as "Salutation", given as "First name", family as "Last name" from domain."CRM:People" """;

    private static readonly string[] Fields = ["Email", "broadmail_ID", "WAVE_ID", "Salutation", "First name", "Last name"];

    public static async Task<Result> RunAsync(string[] options)
    {
        var rows = options is ["--rows", var text] ? long.Parse(text, CultureInfo.InvariantCulture) : 1_000_000;
        using var folder = new TemporaryFolder();
        Console.WriteLine("Starting the platform ...");
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        Console.WriteLine($"Making {rows:N0} people ...");
        var domain = platform.DatabaseOf("feeds");
        await FillAsync(domain, rows);
        using var api = new PublicApi(await platform.ClientAsync());
        var list = await ListAsync(api);

        var (measured, yardstick) = (new List<double>(), new List<double>());
        JsonNode dispatch = new JsonObject();
        var file = folder.PathOf("recipients.csv");
        for (var round = 1; round <= Rounds; round++)
        {
            Console.WriteLine($"Round {round} of {Rounds} ...");
            var byHand = Stopwatch.StartNew();
            await CopyAsync(domain, file);
            yardstick.Add(byHand.Elapsed.TotalSeconds);
            var watch = Stopwatch.StartNew();
            dispatch = await PrepareAsync(api, list);
            measured.Add(watch.Elapsed.TotalSeconds);
        }

        await using (var same = File.OpenRead(file))
        {
            var expected = Convert.ToHexStringLower(await SHA256.HashDataAsync(same));
            if ((long)dispatch["rowsWritten"]! != rows || (string)dispatch["files"]![0]!["sha256"]! != expected)
            {
                throw new InvalidOperationException($"The dispatch has not the {rows} rows and the content {expected} of the file made by hand: {dispatch.ToJsonString()}");
            }
        }

        return new()
        {
            Benchmark = "recipients",
            Measured = $"platform, {rows:N0} recipients from a domain table, validated and stored",
            Yardstick = "psql \\copy (select ...) to the same file",
            MeasuredSeconds = measured.Order().ElementAt(Rounds / 2),
            YardstickSeconds = yardstick.Order().ElementAt(Rounds / 2),
            Goal = 1.2,
            Details = new Dictionary<string, object>
            {
                ["rows"] = rows,
                ["bytes"] = new FileInfo(file).Length,
                ["rounds"] = string.Join(", ", measured.Zip(yardstick).Select(pair => string.Create(CultureInfo.InvariantCulture, $"{pair.First:0.00} s to {pair.Second:0.00} s"))),
                ["campaignsPeakMegabytes"] = platform.PeakMemoryOf("campaigns") / 1_000_000,
            },
        };
    }

    private static async Task FillAsync(string domain, long rows)
    {
        await using var database = NpgsqlDataSource.Create(domain);
        await using var fill = database.CreateCommand($"""
            create schema if not exists domain;
            create table domain."CRM:People" (mail text primary key, salutation text, given text, family text);
            insert into domain."CRM:People"
            select 'person' || i || '@example.com', case when i % 3 = 0 then 'Ms' end, 'Given ' || i, case when i % 50 = 0 then 'O"Hara; ' || i else 'Family ' || i end from generate_series(1, {rows}) as i;
            """);
        fill.CommandTimeout = 0;
        await fill.ExecuteNonQueryAsync();
        await using var settle = database.CreateCommand("vacuum analyze domain.\"CRM:People\"");
        settle.CommandTimeout = 0;
        await settle.ExecuteNonQueryAsync();
    }

    private static async Task<string> ListAsync(PublicApi api)
    {
        var connection = await api.PostAsync("/api/campaigns/connections", new JsonObject
        {
            ["name"] = "benchmark",
            ["settings"] = new JsonObject { ["host"] = "127.0.0.1", ["credentialId"] = "cred-none" },
        });
        var fields = Fields.Select(field => (JsonNode)new JsonObject
        {
            ["name"] = field,
            ["type"] = field.EndsWith("_ID", StringComparison.Ordinal) ? "bigint" : "varchar",
            ["length"] = field.EndsWith("_ID", StringComparison.Ordinal) ? null : 255,
        });
        var list = await api.PostAsync("/api/campaigns/recipient-lists", new JsonObject { ["name"] = "people", ["connectionId"] = (string)connection["id"]!, ["fields"] = new JsonArray([.. fields]) });
        var confirm = $"/api/campaigns/recipient-lists/{list["id"]}/versions/1/confirm";
        await api.PostAsync(confirm, new JsonObject { ["side"] = "us" });
        await api.PostAsync(confirm, new JsonObject { ["side"] = "partner", ["reference"] = "benchmark" });
        return (string)list["id"]!;
    }

    private static async Task<JsonNode> PrepareAsync(PublicApi api, string list)
    {
        var dispatch = await api.PostAsync("/api/campaigns/dispatches", new JsonObject { ["listId"] = list, ["sourceMailingId"] = SourceMailing, ["query"] = Query });
        while ((string)dispatch["state"]! == "preparing")
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20));
            dispatch = await api.GetAsync($"/api/campaigns/dispatches/{dispatch["id"]}");
        }

        return dispatch;
    }

    private static async Task CopyAsync(string domain, string file)
    {
        var target = new NpgsqlConnectionStringBuilder(domain);
        var start = new ProcessStartInfo("psql", ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-c",
            $"\\copy (select mail, '{SourceMailing}', null, salutation, given, family from domain.\"CRM:People\") to '{file}' with (format csv, delimiter ';', force_quote *)"]);
        start.Environment["PGHOST"] = target.Host;
        start.Environment["PGPORT"] = target.Port.ToString(CultureInfo.InvariantCulture);
        start.Environment["PGUSER"] = target.Username;
        start.Environment["PGPASSWORD"] = target.Password;
        start.Environment["PGDATABASE"] = target.Database;
        using var psql = Process.Start(start)!;
        await psql.WaitForExitAsync();
        if (psql.ExitCode != 0)
        {
            throw new InvalidOperationException($"psql ended with exit code {psql.ExitCode}; its message is above.");
        }
    }
}
