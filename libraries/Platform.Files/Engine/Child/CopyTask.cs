using System.Buffers.Binary;
using System.Diagnostics;
using Platform.Files.Formats.Records;

namespace Platform.Files.Engine.Child;

/// <summary>One job of copying: file after file, chunk after chunk.</summary>
internal sealed class CopyTask : IDisposable
{
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromMilliseconds(200);

    private readonly DuckDbConnection _connection;
    private readonly EngineJob _job;
    private readonly Intake _intake;
    private readonly FrameWriter _frames;
    private readonly CopyBuffer _buffer;
    private readonly RejectedRows _rejected;
    private readonly CopyEncoder _encoder;
    private long _lastProgress = Stopwatch.GetTimestamp();

    public CopyTask(DuckDbConnection connection, EngineJob job, Intake intake, FrameWriter frames)
    {
        _intake = intake;
        _connection = connection;
        _job = job;
        _frames = frames;
        _buffer = new CopyBuffer(frames);
        _rejected = new RejectedRows(frames, job.MaxRejectsKept);
        _encoder = new CopyEncoder(_buffer, _rejected, job.LoadId);
    }

    // "PGCOPY\n\377\r\n\0", no flags, no extension.
    private static ReadOnlySpan<byte> Header => [0x50, 0x47, 0x43, 0x4F, 0x50, 0x59, 0x0A, 0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    private static ReadOnlySpan<byte> Trailer => [0xFF, 0xFF];

    /// <summary>Compiles the path every job takes while there is nothing else to do.</summary>
    public static void WarmUp(DuckDbConnection connection)
    {
        using var buffer = new CopyBuffer(null);
        var encoder = new CopyEncoder(buffer, new RejectedRows(null, 0), 0);
        using var result = connection.Stream("SELECT 'text', TIMESTAMP '2020-01-01', CAST(range AS BIGINT) FROM range(3)");
        LoadField[] fields =
        [
            new() { Name = "text", Incoming = "text", Type = FieldType.String },
            new() { Name = "moment", Incoming = "moment", Type = FieldType.Datetime },
        ];
        encoder.Begin([.. fields.Select((field, i) => new PlannedField(field, i, -1, false))], result, 0);
        while (result.NextChunk())
        {
            encoder.Encode(result);
        }
    }

    public CopySummary Run()
    {
        if (_job.IncludeHeaderTrailer)
        {
            _buffer.Append(Header);
        }

        var counts = new List<FileCounts>();
        foreach (var file in _job.Files)
        {
            counts.Add(CopyParts(file, counts.Sum(count => count.Read)));
        }

        if (_job.IncludeHeaderTrailer)
        {
            _buffer.Append(Trailer);
        }

        _rejected.Flush();
        _buffer.Flush();
        var read = counts.Sum(count => count.Read);
        var rejected = counts.Sum(count => count.Rejected);
        Progress(read);
        return new CopySummary(counts, read, rejected, read - rejected);
    }

    public void Dispose() => _buffer.Dispose();

    /// <summary>The parts of a packed file count as one file: its rows are numbered on.</summary>
    private FileCounts CopyParts(SourceFile file, long before)
    {
        var parts = new List<FileCounts>();
        var read = 0L;
        var known = 0L;
        var changed = file.Previous is { } previous && Look.Format(file) is RecordFormat ? new RowDiff(_job, _intake).Between(previous, file) : null;
        foreach (var part in _intake.Parts(file))
        {
            parts.Add(Copy(part with { RowsBefore = read + known }, changed, before + read));
            read += parts[^1].Read;
            known += parts[^1].Known;
        }

        return parts is [var only] ? only : new FileCounts(
            file.FileId,
            read,
            parts.Sum(part => part.Rejected),
            [.. parts.SelectMany(part => part.MissingColumns).Distinct(StringComparer.OrdinalIgnoreCase)],
            [.. parts.SelectMany(part => part.ExtraColumns).DistinctBy(column => column.Name, StringComparer.OrdinalIgnoreCase)])
        { Known = known };
    }

    private FileCounts Copy(SourceFile file, RowFilter? changed, long before)
    {
        var format = Look.Format(file);
        if (format is RecordFormat records)
        {
            return RecordCopy.Run(records, file, changed, _job, _buffer, _rejected, read => ProgressNow(before + read));
        }

        var plan = CopyPlan.For(format, file, Look.Columns(_connection, format, file), _job.Fields);
        try
        {
            using var result = _connection.Stream(plan.Sql);
            _encoder.Begin(plan.Fields, result, file.FileId);
            while (result.NextChunk())
            {
                _encoder.Encode(result);
                ProgressNow(before + _encoder.Read);
            }

            if (!format.DeclaresRows(_connection, file, _encoder.Read))
            {
                throw new EngineException(
                    EngineFailure.BadFile,
                    $"{file.Name} gave {_encoder.Read} rows, which is not the number it declares. The file is damaged; have its sender write it again.");
            }
        }
        catch (DuckDbException e)
        {
            throw ReadFailure.Of(e, file);
        }

        return new FileCounts(file.FileId, _encoder.Read, _encoder.Rejected, plan.Missing, plan.Extra);
    }

    private void ProgressNow(long rows)
    {
        if (Stopwatch.GetElapsedTime(_lastProgress) > ProgressEvery)
        {
            Progress(rows);
        }
    }

    private void Progress(long rows)
    {
        Span<byte> payload = stackalloc byte[sizeof(long)];
        BinaryPrimitives.WriteInt64LittleEndian(payload, rows);
        _frames.Write(FrameType.Progress, payload);
        _lastProgress = Stopwatch.GetTimestamp();
    }
}
