using Npgsql;
using NpgsqlTypes;
using Platform.Contracts.Couriers;
using Platform.Postgres;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Couriers.Landing;

/// <summary>
/// Writes what has landed: the landed files, their place in the run, the run's counters and the <see cref="FileLanded"/> messages in one transaction, fenced by the run's lease.
/// </summary>
internal sealed class LandingLedger(NpgsqlDataSource database, OutboxSignal outbox, TimeProvider clock)
{
    /// <summary>Files per transaction, when they arrive faster than transactions end.</summary>
    public const int BatchSize = 200;

    private const string InsertFiles = """
        insert into landed_files (id, courier_id, run_id, source, file_name, location, tag, content_type, size, sha256, e_tag, last_modified, file_date, partitions, settings, landed_at)
        select f.id, $2, $3, f.source, f.file_name, f.location, f.tag, f.content_type, f.size, f.sha256, f.e_tag, f.last_modified, f.file_date, f.partitions::json, f.settings::json, f.landed_at
        from unnest($1, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
            as f(id, source, file_name, location, tag, content_type, size, sha256, e_tag, last_modified, file_date, partitions, settings, landed_at)
        """;

    private const string LinkFiles = """
        update run_files as r set file_id = f.id, pulled = true from unnest($1, $2) as f(id, file_no) where r.run_id = $3 and r.file_no = f.file_no
        """;

    public async Task CommitAsync(RowLease lease, IReadOnlyList<(int FileNo, LandedFile File)> arrived, RunProgress progress, CancellationToken cancellationToken)
    {
        var files = arrived.Select(one => one.File).ToArray();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await lease.UpdateAsync(transaction,
            "files_done = files_done + @files, files_pulled = files_pulled + @files, bytes_done = greatest(bytes_done, @bytes), first_byte_at = coalesce(first_byte_at, @first)",
            [
                new("files", files.Length),
                new("bytes", progress.Bytes),
                new("first", NpgsqlDbType.TimestampTz) { Value = (object?)progress.FirstByteAt ?? DBNull.Value },
            ], cancellationToken);
        await InsertAsync(transaction, files, cancellationToken);
        await LinkAsync(transaction, arrived, cancellationToken);
        await Outbox.PublishAllAsync(transaction, files.Select(ToMessage), clock, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        outbox.Wake();
    }

    private static async Task InsertAsync(NpgsqlTransaction transaction, IReadOnlyList<LandedFile> files, CancellationToken cancellationToken)
    {
        await using var insert = new NpgsqlCommand(InsertFiles, transaction.Connection, transaction)
        {
            Parameters =
            {
                Texts(files, file => file.Id),
                new() { Value = files[0].CourierId },
                new() { Value = files[0].RunId },
                Texts(files, file => file.Source),
                Texts(files, file => file.FileName),
                Texts(files, file => file.Location),
                Texts(files, file => file.Tag),
                Texts(files, file => file.ContentType),
                new() { Value = files.Select(file => file.Size).ToArray() },
                Texts(files, file => file.Sha256),
                Texts(files, file => file.ETag),
                new() { Value = files.Select(file => file.LastModified).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
                new() { Value = files.Select(file => file.FileDate).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Date },
                Texts(files, file => file.Partitions),
                Texts(files, file => file.Settings),
                new() { Value = files.Select(file => file.LandedAt).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.TimestampTz },
            },
        };
        await insert.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task LinkAsync(NpgsqlTransaction transaction, IReadOnlyList<(int FileNo, LandedFile File)> arrived, CancellationToken cancellationToken)
    {
        await using var link = new NpgsqlCommand(LinkFiles, transaction.Connection, transaction)
        {
            Parameters =
            {
                new() { Value = arrived.Select(one => one.File.Id).ToArray() },
                new() { Value = arrived.Select(one => one.FileNo).ToArray() },
                new() { Value = arrived[0].File.RunId },
            },
        };
        await link.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Texts(IReadOnlyList<LandedFile> files, Func<LandedFile, string?> value) =>
        new() { Value = files.Select(value).ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text };

    private static FileLanded ToMessage(LandedFile file) => new()
    {
        FileId = file.Id,
        CourierId = file.CourierId,
        RunId = file.RunId,
        Source = file.Source,
        Location = file.Location,
        Tag = file.Tag,
        ContentType = file.ContentType,
        Size = file.Size,
        Sha256 = file.Sha256,
        ETag = file.ETag,
        FileDate = file.FileDate,
    };
}
