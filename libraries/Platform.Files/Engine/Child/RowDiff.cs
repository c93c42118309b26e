using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Platform.Files.Formats.Records;

namespace Platform.Files.Engine.Child;

/// <summary>
/// Which rows of a file the file before it did not have, by the values of the wanted columns. Of a row that stands there more often than before all copies are taken, for streams of events number them. Larger than memory: hashes
/// of both files are spread over scratch files by their first bits, and compared one of these at a time. What is kept is one bit for each row.
/// </summary>
internal sealed class RowDiff(EngineJob job, Intake intake)
{
    private const int Spreads = 64;
    private const int HashBytes = 16;
    private const int EntryBytes = HashBytes + sizeof(long);
    private const int BufferBytes = 32 << 10;
    private const byte BadRecord = 0xff;

    private readonly string _folder = Path.Combine(job.ScratchFolder, "diff");
    private readonly ArrayBufferWriter<byte> _row = new();
    private long _written;

    /// <summary>The rows of <paramref name="file"/> to be copied, by their numbers in all its parts together.</summary>
    public RowFilter Between(SourceFile previous, SourceFile file)
    {
        Directory.CreateDirectory(_folder);
        try
        {
            Spread(previous, "before");
            var rows = Spread(file, "now");
            var changed = new RowFilter(rows);
            for (var spread = 0; spread < Spreads; spread++)
            {
                Compare(spread, changed);
            }

            return changed;
        }
        catch (IOException e)
        {
            throw new EngineException(EngineFailure.Environment, $"Comparing {file.Name} with {previous.Name} failed on this machine: {e.Message}", e);
        }
        finally
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    private long Spread(SourceFile file, string name)
    {
        var targets = new FileStream[Spreads];
        try
        {
            for (var i = 0; i < Spreads; i++)
            {
                targets[i] = new(PathOf(name, i), FileMode.CreateNew, FileAccess.Write, FileShare.None, BufferBytes);
            }

            var row = 0L;
            foreach (var part in intake.Parts(file))
            {
                row = SpreadPart(part, targets, row);
            }

            return row;
        }
        finally
        {
            foreach (var target in targets)
            {
                target?.Dispose();
            }
        }
    }

    private long SpreadPart(SourceFile part, FileStream[] targets, long before) => RecordFaults.Guard(part, () =>
    {
        Span<byte> entry = stackalloc byte[EntryBytes];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        using var reader = ((RecordFormat)Look.Format(part)).Open(part, SourceBytes.Open(part));
        var wanted = Select(reader);
        var row = before;
        while (reader.Read())
        {
            SHA256.HashData(Row(reader, wanted), hash);
            hash[..HashBytes].CopyTo(entry);
            BinaryPrimitives.WriteInt64LittleEndian(entry[HashBytes..], ++row);
            targets[hash[0] % Spreads].Write(entry);
            _written += EntryBytes;
            if (_written >> 20 > job.ScratchQuotaMegabytes)
            {
                throw new EngineException(EngineFailure.Environment, $"Comparing {part.Name} with the file before it needs more than the {job.ScratchQuotaMegabytes} MB of disk that Engine:ScratchQuotaMegabytes allows. Raise it, or import without diff.");
            }
        }

        return row;
    });

    // One place for each field, whether the file has its column or not: a column that is new does not make every row a new one.
    private int[] Select(RecordReader reader)
    {
        var columns = reader.HasHeader ? reader.Columns.ToHashSet(StringComparer.OrdinalIgnoreCase) : null;
        var names = new List<string>();
        var places = new int[job.Fields.Count];
        for (var i = 0; i < places.Length; i++)
        {
            var incoming = job.Fields[i].Incoming;
            places[i] = columns?.Contains(incoming) == false ? -1 : names.Count;
            if (places[i] >= 0)
            {
                names.Add(incoming);
            }
        }

        reader.Select(names);
        return places;
    }

    private ReadOnlySpan<byte> Row(RecordReader reader, int[] wanted)
    {
        _row.ResetWrittenCount();
        if (reader.Problem is not null)
        {
            Write(BadRecord, reader.Raw);
            return _row.WrittenSpan;
        }

        foreach (var place in wanted)
        {
            var cell = place < 0 ? default : reader.Cell(place);
            Write((byte)cell.Kind, cell.Kind == CellKind.Null ? [] : cell.Text);
        }

        return _row.WrittenSpan;
    }

    private void Write(byte kind, ReadOnlySpan<byte> text)
    {
        var to = _row.GetSpan(1 + sizeof(int) + text.Length);
        to[0] = kind;
        BinaryPrimitives.WriteInt32LittleEndian(to[1..], text.Length);
        text.CopyTo(to[(1 + sizeof(int))..]);
        _row.Advance(1 + sizeof(int) + text.Length);
    }

    private void Compare(int spread, RowFilter changed)
    {
        var more = new Dictionary<UInt128, long>();
        Count("before", -1);
        Count("now", 1);
        foreach (var (hash, row) in Entries(PathOf("now", spread)))
        {
            if (more[hash] > 0)
            {
                changed.Add(row);
            }
        }

        void Count(string name, long step)
        {
            foreach (var (hash, _) in Entries(PathOf(name, spread)))
            {
                more[hash] = more.GetValueOrDefault(hash) + step;
            }
        }
    }

    private static IEnumerable<(UInt128 Hash, long Row)> Entries(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.None, BufferBytes);
        var entry = new byte[EntryBytes];
        while (file.ReadAtLeast(entry, EntryBytes, throwOnEndOfStream: false) == EntryBytes)
        {
            yield return (BinaryPrimitives.ReadUInt128LittleEndian(entry), BinaryPrimitives.ReadInt64LittleEndian(entry.AsSpan(HashBytes)));
        }
    }

    private string PathOf(string name, int spread) => Path.Combine(_folder, string.Create(CultureInfo.InvariantCulture, $"{name}-{spread}"));
}

/// <summary>Chosen rows of a file, by their numbers from 1.</summary>
internal sealed class RowFilter(long rows)
{
    private readonly ulong[] _bits = new ulong[(rows >> 6) + 1];

    public void Add(long row) => _bits[row >> 6] |= 1UL << (int)(row & 63);

    public bool Has(long row) => (_bits[row >> 6] & (1UL << (int)(row & 63))) != 0;
}
