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
        var row = new RecipientRow();
        long read = 0, written = 0;
        while (await source.ReadAsync(given, cancellationToken))
        {
            read++;
            if (source.RowFault is { } fault)
            {
                Note(given.Number, null, fault);
                continue;
            }

            Complete(given, row);
            if (Check(row, index))
            {
                await writer.WriteAsync(row, list.LineBreaks == LineBreaks.Replace, cancellationToken);
                written++;
            }
        }

        await writer.FlushAsync(cancellationToken);
        var sha256 = await content.CompleteAsync();
        await index.StoreAsync(transaction, dispatch.Id, cancellationToken);
        return new(read, written, read - written, _problems, content.Size, sha256, [.. _contentUrls]);
    }

    /// <summary>The fields of the source with source mailing and wave in their places.</summary>
    private void Complete(RecipientRow given, RecipientRow row)
    {
        row.Clear();
        row.Number = given.Number;
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
    private bool Check(RecipientRow row, RecipientIndex index)
    {
        var before = _noted;
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
            else if (FieldRules.Check(definition, row[field], list.LineBreaks) is { } problem)
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

        return before == _noted && IsNew(row, index);
    }

    private bool IsNew(RecipientRow row, RecipientIndex index)
    {
        var key = RecipientIndex.KeyOf(row[_email]);
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
