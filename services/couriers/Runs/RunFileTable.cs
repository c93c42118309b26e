using System.Text.Json;
using Npgsql;
using NpgsqlTypes;
using Platform.Couriers.Definitions;
using Platform.Couriers.Landing;
using Platform.Couriers.Planning;
using Platform.Files.Locations;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Runs;

/// <summary>Stores the plan of a run: its files in load order, and for each one that lies in the landing store unchanged, that it need not be pulled (R8).</summary>
internal sealed class RunFileTable(NpgsqlDataSource database, LandingStore store)
{
    private const string Insert = """
        insert into run_files (run_id, file_no, tag, content_type, key, size, e_tag, last_modified, file_date, partitions, settings, file_id, pulled)
        select $1, f.file_no, f.tag, f.content_type, f.key, f.size, f.e_tag, f.last_modified, f.file_date, f.partitions::json, f.settings::json, f.file_id, f.pulled
        from unnest($2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) as f(file_no, tag, content_type, key, size, e_tag, last_modified, file_date, partitions, settings, file_id, pulled)
        """;

    private const string NewestOfSource = """
        select distinct on (source, tag, content_type) source, tag, content_type, id, run_id, location, size, e_tag, last_modified
        from landed_files where courier_id = $1 and source = any($2) order by source, tag, content_type, id desc
        """;

    private const string LoadedFiles = """
        select distinct f.file_id, f.tag, l.feed_id
        from run_files f join run_loads l on l.run_id = f.run_id and l.state = 'loaded' and f.tag = any(l.tags)
        where f.file_id = any($1)
        """;

    /// <summary>The plan as rows, not yet stored. A run with a window, or for new files only, leaves out (S3, R13) those that <paramref name="loads"/> have loaded already, unchanged.</summary>
    public async Task<IReadOnlyList<RunFile>> ToRowsAsync(CourierRun run, RunPlan plan, IReadOnlyList<FeedLoad> loads, IFileLocation source, CancellationToken cancellationToken)
    {
        var landed = await ReadLandedAsync(run, plan, source, cancellationToken);
        var loaded = (run.AcceptFrom is null && !run.NewFilesOnly) || run.Force ? [] : await ReadLoadedAsync(landed.Values, cancellationToken);
        var held = await store.HeldAsync([.. landed.Values.Select(known => (known.Location, known.Size))], cancellationToken);
        var rows = new List<RunFile>(plan.Files.Count);
        foreach (var file in plan.Files)
        {
            var known = landed.GetValueOrDefault((source.Describe(file.Entry.Path), file.Entity.Tag, file.Entity.ContentType));
            var unchanged = known is not null && IsUnchanged(run, file.Entry, known) && held.Contains(known.Location);
            if (unchanged && known!.RunId != run.Id && IsLoaded(known.Id, file.Entity.Tag, loads, loaded))
            {
                continue;
            }

            rows.Add(new()
            {
                RunId = run.Id,
                FileNo = rows.Count + 1,
                Tag = file.Entity.Tag,
                ContentType = file.Entity.ContentType,
                Key = file.Entry.Path,
                Size = file.Entry.Size,
                ETag = file.Entry.ETag,
                LastModified = file.Entry.LastModified,
                FileDate = file.FileDate,
                Partitions = JsonSerializer.Serialize(file.Partitions, PlatformJson.Options),
                Settings = JsonSerializer.Serialize(file.Entity.SettingsOn(file.FileDate), PlatformJson.Options),
                FileId = unchanged ? known!.Id : null,
                Pulled = unchanged && known!.RunId == run.Id,
            });
        }

        return rows;
    }

    /// <summary>Replaces the plan of the run.</summary>
    public static async Task StoreAsync(NpgsqlTransaction transaction, string runId, IReadOnlyList<RunFile> rows, CancellationToken cancellationToken)
    {
        await using var delete = new NpgsqlCommand("delete from run_files where run_id = $1", transaction.Connection, transaction) { Parameters = { new() { Value = runId } } };
        await delete.ExecuteNonQueryAsync(cancellationToken);
        await using var insert = new NpgsqlCommand(Insert, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = runId },
                new() { Value = rows.Select(row => row.FileNo).ToArray() },
                Texts(rows, row => row.Tag),
                Texts(rows, row => row.ContentType),
                Texts(rows, row => row.Key),
                new() { Value = rows.Select(row => row.Size).ToArray() },
                Texts(rows, row => row.ETag),
                new() { Value = rows.Select(row => row.LastModified).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
                new() { Value = rows.Select(row => row.FileDate).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date },
                Texts(rows, row => row.Partitions),
                Texts(rows, row => row.Settings),
                Texts(rows, row => row.FileId),
                new() { Value = rows.Select(row => row.Pulled).ToArray() },
            },
        };
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Texts(IReadOnlyList<RunFile> rows, Func<RunFile, string?> value) =>
        new() { Value = rows.Select(value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private static bool IsUnchanged(CourierRun run, FileEntry entry, Known known) =>
        (!run.Force || known.RunId == run.Id)
        && known.Size == entry.Size
        && (entry.ETag is not null ? known.ETag == entry.ETag : entry.LastModified is not null && known.LastModified == entry.LastModified);

    private async Task<Dictionary<(string Source, string Tag, string ContentType), Known>> ReadLandedAsync(CourierRun run, RunPlan plan, IFileLocation source, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(NewestOfSource);
        command.Parameters.Add(new() { Value = run.CourierId });
        command.Parameters.Add(new() { Value = plan.Files.Select(file => source.Describe(file.Entry.Path)).ToArray() });
        var landed = new Dictionary<(string, string, string), Known>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            landed.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2)), new(
                reader.GetString(3), reader.GetString(4), reader.GetString(5), reader.GetInt64(6), reader.IsDBNull(7) ? null : reader.GetString(7),
                reader.IsDBNull(8) ? null : reader.GetFieldValue<DateTimeOffset>(8)));
        }

        return landed;
    }

    private static bool IsLoaded(string fileId, string tag, IReadOnlyList<FeedLoad> loads, HashSet<(string FileId, string Tag, string FeedId)> loaded)
    {
        var feeds = loads.Where(load => load.Tags.Contains(tag, StringComparer.Ordinal)).ToArray();
        return feeds.Length > 0 && feeds.All(load => loaded.Contains((fileId, tag, load.FeedId)));
    }

    private async Task<HashSet<(string FileId, string Tag, string FeedId)>> ReadLoadedAsync(IEnumerable<Known> landed, CancellationToken cancellationToken)
    {
        await using var command = database.CreateCommand(LoadedFiles);
        command.Parameters.Add(new() { Value = landed.Select(file => file.Id).ToArray() });
        var loaded = new HashSet<(string, string, string)>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            loaded.Add((reader.GetString(0), reader.GetString(1), reader.GetString(2)));
        }

        return loaded;
    }

    private sealed record Known(string Id, string RunId, string Location, long Size, string? ETag, DateTimeOffset? LastModified);
}
