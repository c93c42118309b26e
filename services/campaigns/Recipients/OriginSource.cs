using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Lists;

namespace Platform.Campaigns.Recipients;

/// <summary>Recipients of an earlier dispatch, out of the file that was sent, as far as they are wanted again.</summary>
internal sealed class OriginSource : IRecipientSource, IAsyncDisposable
{
    private readonly Stream _content;
    private readonly CsvRows _rows;
    private readonly RecipientRow _record = new();
    private readonly int _email;
    private readonly int[] _columns;
    private readonly IReadOnlySet<UInt128> _wanted;

    /// <summary>Rows of <paramref name="content"/>, whose columns are <paramref name="sent"/>, become rows of <paramref name="fields"/>.</summary>
    public OriginSource(Stream content, IReadOnlyList<RecipientField> sent, IReadOnlyList<RecipientField> fields, IReadOnlySet<UInt128> wanted)
    {
        _content = content;
        _rows = new(content, ';');
        _email = sent.Index().Single(field => field.Item.EffectiveRole == RecipientFieldRole.Email).Index;
        _columns = ColumnMap.Of([.. sent.Select(field => field.Name)], fields, "The origin's file");
        _wanted = wanted;
    }

    // The file was written by this service and has been checked.
    public string? RowFault => null;

    public async ValueTask<bool> ReadAsync(RecipientRow row, CancellationToken cancellationToken)
    {
        while (await _rows.ReadAsync(_record, cancellationToken))
        {
            if (_wanted.Contains(RecipientIndex.KeyOf(_record[_email])))
            {
                row.Take(_record, _columns);
                return true;
            }
        }

        return false;
    }

    public ValueTask DisposeAsync() => _content.DisposeAsync();
}
