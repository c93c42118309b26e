using Platform.Files.Engine;
using Platform.Testing;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.EndToEnd.Tests;

/// <summary>Optimizely's side of a test: writes partitions of an account into the bucket, in the export's layout.</summary>
public sealed class ExportBucket(S3Server s3)
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    /// <summary>One part of a day's conversions: what <paramref name="select"/> gives, and by default <c>_SUCCESS</c> after it.</summary>
    public async Task PutEventsAsync(string account, string date, string select, string eventName = "purchase", int part = 0, bool success = true)
    {
        using var folder = new TemporaryFolder();
        var file = folder.PathOf("part.parquet");
        using (var duckdb = DuckDb.OpenInMemory())
        {
            duckdb.Execute($"COPY ({select}) TO {DuckDb.Literal(file)} (FORMAT parquet, COMPRESSION snappy)");
        }

        await PutFileAsync($"v1/account_id={account}/type=events/date={date}/event={eventName}/part-{part:00000}-x.c000.snappy.parquet", file);
        if (success)
        {
            await SucceedAsync(account, date);
        }
    }

    public Task SucceedAsync(string account, string date, string type = "events") =>
        s3.Client.PutObjectAsync(new() { BucketName = s3.Bucket, Key = $"v1/account_id={account}/type={type}/date={date}/_SUCCESS", ContentBody = "" }, Cancelled);

    public Task PutFileAsync(string key, string path) =>
        s3.Client.PutObjectAsync(new() { BucketName = s3.Bucket, Key = key, FilePath = path, UseChunkEncoding = false }, Cancelled);

    /// <summary>Everything below a folder laid out like the bucket below <c>v1/</c>, under another account's name.</summary>
    public async Task PutFolderAsync(string folder, string account)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories))
        {
            await PutFileAsync($"v1/account_id={account}/{Path.GetRelativePath(folder, file)}", file);
        }
    }

    /// <summary>Rows <paramref name="from"/> to <paramref name="to"/> of made-up conversions; the same numbers are the same rows.</summary>
    public static string Events(long from, long to, string uuid = "md5('e' || i)::UUID::VARCHAR", int revenueAdded = 0, int minutesLater = 0) => $$"""
        SELECT {{uuid}} AS uuid,
               (TIMESTAMP '2026-03-01 00:00:00' + to_seconds(i % 86000))::TIMESTAMP_MS AS timestamp,
               (TIMESTAMP '2026-03-01 00:01:00' + to_seconds(i % 86000) + to_minutes({{minutesLater}}))::TIMESTAMP_MS AS process_timestamp,
               'visitor-' || (i % 3000) AS visitor_id, NULL::VARCHAR AS session_id, '1' AS account_id,
               [{'campaign_id': '7', 'experiment_id': '9', 'variation_id': '9' || (i % 2), 'is_holdback': false}] AS experiments,
               [{'id': '501', 'name': 'plan', 'type': 'custom', 'value': 'gold'}] AS attributes,
               'purchase' AS event_name, ((i % 200) * 100 + {{revenueAdded}})::BIGINT AS revenue, (i % 200) / 4 AS value,
               MAP {'coupon': 'SAVE' || (i % 5)} AS tags
        FROM range({{from}}, {{to}}) t(i)
        """;
}
