using System.Text;
using System.Text.Json;
using Platform.Campaigns.Lists;

namespace Platform.Campaigns.Recipients;

/// <summary>Recipients written out in the request: one JSON object a row, with the list's field names.</summary>
internal sealed class JsonSource(IReadOnlyList<IReadOnlyDictionary<string, JsonElement>> rows, IReadOnlyList<RecipientField> fields) : IRecipientSource
{
    private int _next;

    public string? RowFault { get; private set; }

    public ValueTask<bool> ReadAsync(RecipientRow row, CancellationToken cancellationToken)
    {
        if (_next == rows.Count)
        {
            return ValueTask.FromResult(false);
        }

        var given = new Dictionary<string, JsonElement>(rows[_next++], StringComparer.OrdinalIgnoreCase);
        row.Clear();
        row.Number = _next;
        RowFault = given.Keys.FirstOrDefault(name => fields.All(field => !field.Name.Equals(name, StringComparison.OrdinalIgnoreCase))) is { } unknown
            ? $"names '{unknown}', which the recipient list does not have."
            : null;
        foreach (var field in fields)
        {
            Add(row, field, given.GetValueOrDefault(field.Name));
        }

        return ValueTask.FromResult(true);
    }

    private void Add(RecipientRow row, RecipientField field, JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Undefined or JsonValueKind.Null:
                row.AddNull();
                break;
            case JsonValueKind.String:
                row.Add(Encoding.UTF8.GetBytes(value.GetString()!));
                break;
            case JsonValueKind.Object or JsonValueKind.Array:
                RowFault ??= $"has a nested value in '{field.Name}'; only texts, numbers, true, false and null are possible.";
                row.AddNull();
                break;
            default:
                row.Add(Encoding.UTF8.GetBytes(value.GetRawText()));
                break;
        }
    }
}
