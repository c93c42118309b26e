using Platform.Files.Engine;

namespace Platform.Files.Formats.Records;

/// <summary>What a cell holds, and so what may become of it.</summary>
internal enum CellKind : byte
{
    /// <summary>No value, or not in this record.</summary>
    Null,

    /// <summary>Text of a format that knows nothing else: the field's type decides what it means, json included.</summary>
    Text,

    /// <summary>Text of a format that tells texts from other values.</summary>
    String,

    /// <summary>A JSON number, as written.</summary>
    Number,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Boolean,

    /// <summary>A JSON object or array, as written; proved to be JSON.</summary>
    Nested,

    /// <summary>A text that is none: an escaped half of a surrogate pair.</summary>
    Broken,
}

/// <summary>One value of a record: UTF-8, valid until the next cell or record is asked for.</summary>
internal readonly unsafe struct Cell(byte* start, int length, CellKind kind)
{
    public CellKind Kind { get; } = kind;

    public ReadOnlySpan<byte> Text => new(start, length);
}

/// <summary>Goes through a file's records. A record it cannot understand is a bad row; a file it cannot understand is an <see cref="EngineException"/> with its position.</summary>
internal abstract class RecordReader : IDisposable
{
    /// <summary>Names of the columns: all of them when <see cref="HasHeader"/>, else those met so far.</summary>
    public abstract IReadOnlyList<string> Columns { get; }

    /// <summary>Every record has the same columns; otherwise each record brings its own.</summary>
    public abstract bool HasHeader { get; }

    /// <summary>The format tells numbers from texts: a text of digits is then no number.</summary>
    public virtual bool TellsNumbers => false;

    /// <summary>Where the last record began, for messages.</summary>
    public abstract string Position { get; }

    /// <summary>Why the last record is bad, or <see langword="null"/>.</summary>
    public virtual string? Problem => null;

    /// <summary>The last record as it stands in the file, for messages.</summary>
    public abstract ReadOnlySpan<byte> Raw { get; }

    /// <summary>How the file is written, as found or as it was said; <see langword="null"/> when there is nothing to say.</summary>
    public virtual FileSettings? Settings => null;

    /// <summary>Says which columns are wanted, by name without regard to case; <see cref="Cell"/> counts them in this order. Called once, before the first record.</summary>
    public abstract void Select(IReadOnlyList<string> names);

    /// <summary>All columns are wanted: <see cref="Cell"/> counts as <see cref="Columns"/> does, whose end may grow with each record.</summary>
    public abstract void SelectAll();

    /// <summary>Moves to the next record; false at the end of a file that was read to its end and found whole.</summary>
    public abstract bool Read();

    /// <summary>A value of the current record, which is not a bad one.</summary>
    public abstract Cell Cell(int selected);

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected abstract void Dispose(bool disposing);
}
