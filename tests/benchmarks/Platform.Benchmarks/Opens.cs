using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using Npgsql;
using Platform.Testing.Processes;
using Platform.Testing.Servers;

namespace Platform.Benchmarks;

/// <summary>
/// <c>opens</c>: a day's file of opens of the closed loop, from the partner's SFTP server to the domain table, through the public API; against pgloader loading the same file from the
/// local disk into a table with the same indexes.
/// </summary>
internal static class Opens
{
    private const string Table = "Campaign:Opens";
    private static readonly string[] Columns = ["link_id", "mailing_id", "recipient_id", "client_id", "email", "created", "browser", "platform", "device"];

    public static async Task<Result> RunAsync(string[] options)
    {
        var rows = options is ["--rows", var text] ? long.Parse(text, CultureInfo.InvariantCulture) : 5_000_000;
        await using var server = new SshServer();
        await server.InitializeAsync();
        var folder = Directory.CreateDirectory(server.PathOf("responses")).FullName;
        var yesterday = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime).AddDays(-1);
        var file = Path.Combine(folder, $"{yesterday.ToString("yyyyMMdd", CultureInfo.InvariantCulture)}_opens.csv");
        Console.WriteLine($"Writing {rows:N0} opens ...");
        await WriteAsync(file, yesterday, rows);
        var bytes = new FileInfo(file).Length;

        Console.WriteLine($"Loading {bytes:N0} bytes with pgloader ...");
        var yardstick = await ByPgloaderAsync(file, rows);

        Console.WriteLine("Starting the platform ...");
        await using var platform = new RunningPlatform();
        await platform.InitializeAsync();
        using var api = new PublicApi(await platform.ClientAsync());
        var responses = await ConnectAsync(api, server, folder);

        Console.WriteLine("Importing ...");
        var watch = Stopwatch.StartNew();
        var run = (string)(await api.PostAsync($"{responses}/import", new JsonObject()))["runId"]!;
        var ended = await api.EndOfRunAsync(run, TimeSpan.FromMinutes(30));
        var seconds = watch.Elapsed.TotalSeconds;
        if ((string)ended["state"]! != "succeeded" || (long)ended["rows"]!["inserted"]! != rows)
        {
            throw new InvalidOperationException($"The import was to insert {rows} rows: {ended.ToJsonString()}");
        }

        return new()
        {
            Benchmark = "opens",
            Measured = $"platform, SFTP to committed domain table, {rows:N0} opens",
            Yardstick = "pgloader loading the same file into a table with the same indexes",
            MeasuredSeconds = seconds,
            YardstickSeconds = yardstick,
            Goal = 0.12,
            Details = new Dictionary<string, object>
            {
                ["rows"] = rows,
                ["csvBytes"] = bytes,
                ["feedsPeakMegabytes"] = platform.PeakMemoryOf("feeds") / 1_000_000,
                ["couriersPeakMegabytes"] = platform.PeakMemoryOf("couriers") / 1_000_000,
                ["loads"] = (await api.GetAsync($"/api/domain-tables/{Uri.EscapeDataString(Table)}/loads?limit=1"))["items"]!.DeepClone(),
            },
        };
    }

    private static async Task WriteAsync(string file, DateOnly day, long rows)
    {
        var start = day.ToDateTime(TimeOnly.MinValue);
        await using var writer = new StreamWriter(file);
        for (var i = 0L; i < rows; i++)
        {
            await writer.WriteAsync(string.Create(CultureInfo.InvariantCulture,
                $"\"{i % 50}\";\"{71206365463 + (i % 20)}\";\"{580000000000 + (i % 1_000_000)}\";\"7\";\"visitor{i % 1_000_000}@example.com\";\"{start.AddMilliseconds(i * 17):yyyy-MM-dd HH:mm:ss}\";\"Firefox {60 + (i % 40)}\";\"Windows 10\";\"Desktop\"\n"));
        }
    }

    private static async Task<double> ByPgloaderAsync(string file, long rows)
    {
        var postgres = new PostgresServer();
        await postgres.InitializeAsync();
        await using var database = await postgres.CreateDatabaseAsync();
        await using var connection = new NpgsqlConnection(database.ConnectionString);
        await connection.OpenAsync();
        await using var create = new NpgsqlCommand("""
            create table opens (link_id bigint, mailing_id bigint, recipient_id bigint, client_id bigint, email text, created timestamptz, browser text, platform text, device text,
                no bigint generated always as identity primary key);
            create index on opens (link_id);
            create index on opens (mailing_id);
            create index on opens (recipient_id);
            """, connection);
        await create.ExecuteNonQueryAsync();
        return await Pgloader.LoadAsync(database.ConnectionString, file, "opens", Columns, ';', header: false, rows);
    }

    // Credential, connection, import of responses: the path of the last.
    private static async Task<string> ConnectAsync(PublicApi api, SshServer server, string folder)
    {
        var credential = await api.PostAsync("/api/credentials", new JsonObject
        {
            ["name"] = "partner",
            ["type"] = "sftp",
            ["fields"] = new JsonObject { ["host"] = "127.0.0.1", ["port"] = server.Port, ["user"] = server.User, ["privateKey"] = server.PrivateKey, ["hostKey"] = server.HostKey },
        });
        var connection = await api.PostAsync("/api/campaigns/connections", new JsonObject
        {
            ["name"] = "partner",
            ["settings"] = new JsonObject
            {
                ["host"] = "127.0.0.1",
                ["port"] = server.Port,
                ["credentialId"] = (string)credential["id"]!,
                ["responseDirectory"] = folder,
                ["responseSource"] = "Campaign",
            },
        });
        var path = $"/api/campaigns/connections/{connection["id"]}/responses";
        await api.PutAsync(path, new JsonObject { ["enabled"] = false, ["settleSeconds"] = 0 });
        return path;
    }
}
