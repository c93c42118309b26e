namespace Platform.Campaigns.Recipients;

/// <summary>The values of one recipient as UTF-8 in the order of the list's fields; used again for the next one, so that rows cost no memory.</summary>
internal sealed class RecipientRow
{
    private const int Null = -1;

    private byte[] _bytes = new byte[1024];
    private int[] _ends = new int[8];
    private bool[] _nulls = new bool[8];
    private int _length;

    /// <summary>Number of the row at its source, from 1.</summary>
    public long Number { get; set; }

    public int Count { get; private set; }

    /// <summary>Bytes of all values together.</summary>
    public int Size => _length;

    /// <summary>All values, one behind the other.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.AsSpan(0, _length);

    public void Clear() => (Count, _length) = (0, 0);

    public void AddNull()
    {
        Grow();
        _nulls[Count] = true;
        _ends[Count++] = _length;
    }

    public void Add(ReadOnlySpan<byte> value)
    {
        Append(value);
        EndField();
    }

    /// <summary>Adds to the field that <see cref="EndField"/> will end.</summary>
    public void Append(ReadOnlySpan<byte> part)
    {
        if (_length + part.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + part.Length));
        }

        part.CopyTo(_bytes.AsSpan(_length));
        _length += part.Length;
    }

    public void EndField()
    {
        Grow();
        _nulls[Count] = false;
        _ends[Count++] = _length;
    }

    public bool IsNull(int field) => _nulls[field];

    public ReadOnlySpan<byte> this[int field] => field == 0 ? _bytes.AsSpan(0, _ends[0]) : _bytes.AsSpan(_ends[field - 1], _ends[field] - _ends[field - 1]);

    /// <summary>Takes the fields <paramref name="from"/> names, in this order, out of another row; <see cref="Null"/> stands for a field that is not there.</summary>
    public void Take(RecipientRow source, ReadOnlySpan<int> from)
    {
        Clear();
        Number = source.Number;
        foreach (var field in from)
        {
            if (field == Null || field >= source.Count || source.IsNull(field))
            {
                AddNull();
            }
            else
            {
                Add(source[field]);
            }
        }
    }

    private void Grow()
    {
        if (Count == _ends.Length)
        {
            Array.Resize(ref _ends, Count * 2);
            Array.Resize(ref _nulls, Count * 2);
        }
    }
}

/// <summary>Where recipients come from. Rows come in the order of the list's fields; what the source lacks is NULL.</summary>
internal interface IRecipientSource
{
    /// <summary>Fills <paramref name="row"/> with the next recipient; false at the end. A row that cannot be read at all is <see cref="RowFault"/>.</summary>
    ValueTask<bool> ReadAsync(RecipientRow row, CancellationToken cancellationToken);

    /// <summary>What is wrong with the row just read as a whole, for example its number of fields; null when nothing is.</summary>
    string? RowFault { get; }
}

/// <summary>The source as a whole cannot be used; the message says where, what was found, what was expected.</summary>
internal sealed class RecipientSourceException(string message, Exception? cause = null) : Exception(message, cause);
