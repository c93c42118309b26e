using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage;
using Npgsql;
using Platform.Feeds.Couriers;
using Platform.Feeds.Persistence;
using Platform.Files.Engine;
using Platform.Postgres;
using Platform.ServiceDefaults;

namespace Platform.Feeds.Loading;

/// <summary>The files of a load: asked for once, then kept, so that every attempt reads the same files under the same numbers.</summary>
internal sealed class LoadFileList(IServiceScopeFactory scopes)
{
    public async Task<IReadOnlyList<LoadFile>> EnsureAsync(Load load, RowLease lease, CancellationToken cancellationToken)
    {
        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<FeedsDbContext>();
        if (!load.FilesListed)
        {
            var couriers = scope.ServiceProvider.GetRequiredService<CouriersClient>();
            var files = load is { RunId: null, SampleFileId: null } ? []
                : load.RunId is null ? [await couriers.GetFileAsync(load.SampleFileId!, cancellationToken)]
                : await couriers.ListFilesAsync(load.RunId, load.Tags, cancellationToken);
            await KeepAsync(database, load, lease, files, cancellationToken);
        }

        return await database.LoadFiles.AsNoTracking().Where(file => file.LoadId == load.Id).OrderBy(file => file.FileNo).ToListAsync(cancellationToken);
    }

    /// <summary>A landed file as a file of a load that has no number yet.</summary>
    public static LoadFile Row(string loadId, LandedFile file) => new()
    {
        LoadId = loadId,
        FileId = file.FileId,
        Source = file.Source,
        FileName = file.FileName,
        Location = file.Location,
        Tag = file.Tag,
        ContentType = file.ContentType,
        Size = file.Size,
        FileDate = file.FileDate,
        Partitions = new(file.Partitions ?? new Dictionary<string, string>()),
        Settings = file.Settings ?? FileSettings.Inferred,
        Previous = file.Previous,
    };

    private static async Task KeepAsync(FeedsDbContext database, Load load, RowLease lease, List<LandedFile> files, CancellationToken cancellationToken)
    {
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        await lease.UpdateAsync((NpgsqlTransaction)transaction.GetDbTransaction(), "files_listed = true, files = @files", [new("files", files.Count)], cancellationToken);

        // One statement, in load order: the numbers are drawn in the order of the rows.
        var numbered = files.Select((file, order) => new
        {
            order,
            file.FileId,
            file.Source,
            file.FileName,
            file.Location,
            file.Tag,
            file.ContentType,
            file.Size,
            file.FileDate,
            Partitions = file.Partitions ?? new Dictionary<string, string>(),
            Settings = file.Settings ?? FileSettings.Inferred,
            file.Previous,
        });
        var json = JsonSerializer.Serialize(numbered, PlatformJson.Options);
        await database.Database.ExecuteSqlAsync($"""
            insert into load_files (load_id, file_id, source, file_name, location, tag, content_type, size, file_date, partitions, settings, previous, unknown_columns)
            select {load.Id}, f."fileId", f.source, f."fileName", f.location, f.tag, f."contentType", f.size, f."fileDate", f.partitions, f.settings, f.previous, array[]::text[]
            from jsonb_to_recordset({json}::jsonb) as f("order" int, "fileId" text, source text, "fileName" text, location text, tag text, "contentType" text, size bigint, "fileDate" date, partitions jsonb, settings jsonb, previous jsonb)
            order by f."order"
            """, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
