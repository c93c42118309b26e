using System.Globalization;
using System.Text;
using Npgsql;
using Platform.Campaigns.Lists;
using Platform.Campaigns.Recipients;

namespace Platform.Campaigns.Dispatches;

/// <summary>What came of reading and validating recipients.</summary>
internal sealed record Prepared(long RowsRead, long RowsWritten, long RowsInvalid, IReadOnlyList<RowProblem> Problems, long Size, string Sha256, IReadOnlyList<Uri> ContentUrls);

/// <summary>
/// Reads recipients, checks every field of every row, and writes the file exactly as it will lie on the partner's server; all inside one transaction, so that a dispatch
/// has all of its file or none. Memory does not grow with the number of rows, but for at most 43 bytes each that find duplicates.
/// </summary>
internal sealed class Preparation(Dispatch dispatch, RecipientList list, IReadOnlyList<RecipientField> fields)
{
    private const int ProblemsKept = 1000;
    private const int ContentUrlsKept = 1000;

    private readonly List<RowProblem> _problems = [];
    private readonly HashSet<Uri> _contentUrls = [];
    private readonly byte[] _sourceMailing = Encoding.ASCII.GetBytes(dispatch.SourceMailingId.ToString(CultureInfo.InvariantCulture));
    private readonly byte[]? _wave = dispatch.WaveId is { } wave ? Encoding.ASCII.GetBytes(wave.ToString(CultureInfo.InvariantCulture)) : null;
    private readonly int _email = fields.Index().Single(field => field.Item.EffectiveRole == RecipientFieldRole.Email).Index;
    private readonly RecipientField[] _fields = [.. fields];
    private readonly RecipientFieldRole[] _roles = [.. fields.Select(field => field.EffectiveRole)];
    private readonly KeyMaker _keys = new();
    private readonly RecipientRow[] _rows = [.. Enumerable.Range(0, KeyMaker.Lanes).Select(_ => new RecipientRow())];
    private readonly string?[] _faults = new string?[KeyMaker.Lanes];
    private long _noted;

    /// <summary>Writes a byte order mark first.</summary>
    public bool ByteOrderMark { get; init; }

    /// <summary>Who has been written to in this wave already.</summary>
    public RecipientIndex Wave { get; init; } = new();

    /// <summary>The ids of the products file; null when none is sent along.</summary>
    public IReadOnlySet<string>? Products { get; init; }

    public async Task<Prepared> RunAsync(NpgsqlTransaction transaction, IRecipientSource source, CancellationToken cancellationToken)
    {
        await using var content = await DispatchContent.CreateAsync(transaction, dispatch.Id, DispatchContent.KindOf(DispatchFileKind.Subscribers), cancellationToken);
        var writer = new RecipientFileWriter(content.WriteAsync);
        if (ByteOrderMark)
        {
            writer.WriteByteOrderMark();
        }

        var index = new RecipientIndex();
        var given = new RecipientRow();
        long read = 0, written = 0;
        while (await FillAsync(source, given, cancellationToken) is > 0 and var count)
        {
            read += count;
            index.Fetch(_keys.Keys[..count]);
            Wave.Fetch(_keys.Keys[..count]);
            for (var place = 0; place < count; place++)
            {
                if (_faults[place] is { } fault)
                {
                    Note(_rows[place].Number, null, fault);
                }
                else if (Check(_rows[place], _keys.Keys[place], index))
                {
                    await writer.WriteAsync(_rows[place], list.LineBreaks == LineBreaks.Replace, cancellationToken);
                    written++;
                }
            }
        }

        await writer.FlushAsync(cancellationToken);
        var sha256 = await content.CompleteAsync();
        await index.StoreAsync(transaction, dispatch.Id, cancellationToken);
        return new(read, written, read - written, _problems, content.Size, sha256, [.. _contentUrls]);
    }

    /// <summary>Reads some rows, as many as keys are made at a time, and makes their keys; returns how many, 0 at the end.</summary>
    private async ValueTask<int> FillAsync(IRecipientSource source, RecipientRow given, CancellationToken cancellationToken)
    {
        var count = 0;
        while (count < _rows.Length && await source.ReadAsync(given, cancellationToken))
        {
            var row = _rows[count];
            row.Number = given.Number;
            _faults[count] = source.RowFault;
            if (_faults[count] is null)
            {
                Complete(given, row);
                _keys.Set(count, row[_email]);
            }

            count++;
        }

        _keys.Make();
        return count;
    }

    /// <summary>The fields of the source with source mailing and wave in their places.</summary>
    private void Complete(RecipientRow given, RecipientRow row)
    {
        row.Clear();
        for (var field = 0; field < _fields.Length; field++)
        {
            var own = _roles[field] switch
            {
                RecipientFieldRole.SourceMailing => _sourceMailing,
                RecipientFieldRole.Wave => _wave,
                _ => null,
            };
            if (own is not null)
            {
                row.Add(own);
            }
            else if (given.IsNull(field))
            {
                row.AddNull();
            }
            else
            {
                row.Add(given[field]);
            }
        }
    }

    /// <summary>Every problem of the row is noted; true when there is none.</summary>
    private bool Check(RecipientRow row, UInt128 key, RecipientIndex index)
    {
        var before = _noted;
        var usual = !FieldRules.HasUnusual(row);
        for (var field = 0; field < _fields.Length; field++)
        {
            var definition = _fields[field];
            if (row.IsNull(field))
            {
                if (definition.Required || field == _email)
                {
                    Note(row.Number, definition.Name, "is empty, and must not be.");
                }
            }
            else if ((usual ? FieldRules.CheckType(definition, row[field]) : FieldRules.Check(definition, row[field], list.LineBreaks)) is { } problem)
            {
                Note(row.Number, definition.Name, problem);
            }
            else if (_roles[field] == RecipientFieldRole.Product && Products?.Contains(Encoding.UTF8.GetString(row[field])) == false)
            {
                Note(row.Number, definition.Name, "names a product that the products file does not have.");
            }
            else if (_roles[field] == RecipientFieldRole.ContentUrl && _contentUrls.Count < ContentUrlsKept)
            {
                _contentUrls.Add(FieldRules.ContentUrl(row[field])!);
            }
        }

        return before == _noted && IsNew(row, key, index);
    }

    private bool IsNew(RecipientRow row, UInt128 key, RecipientIndex index)
    {
        if (Wave.Contains(key))
        {
            Note(row.Number, _fields[_email].Name, "is in this wave already, by an earlier dispatch: nobody is written to twice in a wave.");
            return false;
        }

        if (!index.Add(key))
        {
            Note(row.Number, _fields[_email].Name, "occurs in an earlier row already.");
            return false;
        }

        return true;
    }

    private void Note(long row, string? field, string problem)
    {
        _noted++;
        if (_problems.Count < ProblemsKept)
        {
            _problems.Add(new(row, field, problem));
        }
    }
}
