using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Platform.Campaigns.Recipients;
using Platform.Contracts.Campaigns;

namespace Platform.Campaigns.Status;

/// <summary>One row of a log or error file, as far as it is understood.</summary>
/// <remarks><c>State</c> is what its word stands for, null when the word is not known.
/// <c>Message</c> is the partner's text without addresses, null when there is none.</remarks>
internal sealed record StatusLine(DispatchState? State, long? MailingId, string? Message);

/// <summary>Reads log and error files in the agreed format.</summary>
internal static partial class StatusText
{
    private const int LongestMessage = 1000;

    public static async Task<IReadOnlyList<StatusLine>> ReadAsync(ReadOnlyMemory<byte> text, StatusFormat format, CancellationToken cancellationToken)
    {
        var lines = new List<StatusLine>();
        var columns = format.Columns;
        var rows = new CsvRows(new MemoryStream(text.ToArray()), format.Separator[0]);
        var row = new RecipientRow();
        for (var header = format.HeaderRow; await rows.ReadAsync(row, cancellationToken); header = false)
        {
            var values = Enumerable.Range(0, row.Count).Select(field => row.IsNull(field) ? null : Encoding.UTF8.GetString(row[field]).Trim()).ToList();
            if (header)
            {
                columns = [.. values.Select(value => value ?? "")];
                continue;
            }

            lines.Add(LineOf(values, columns, format));
        }

        return lines;
    }

    private static StatusLine LineOf(List<string?> values, IReadOnlyList<string> columns, StatusFormat format)
    {
        string? Value(string column)
        {
            var at = column.Length == 0 ? -1 : columns.ToList().FindIndex(name => name.Equals(column, StringComparison.OrdinalIgnoreCase));
            return at >= 0 && at < values.Count ? values[at] : null;
        }

        var word = Value(format.StateColumn);
        var message = Value(format.MessageColumn);
        var known = word is not null && format.States.TryGetValue(word.ToLowerInvariant(), out var state) ? state : (DispatchState?)null;
        var mailing = long.TryParse(Value(format.MailingIdColumn), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : (long?)null;
        return new(known, mailing, Anonymous(known is null && word is not null ? string.Join(": ", new[] { word, message }.Where(part => !string.IsNullOrEmpty(part))) : message));
    }

    /// <summary>Messages travel to logs and events; addresses of people do not.</summary>
    private static string? Anonymous(string? message)
    {
        if (string.IsNullOrEmpty(message))
        {
            return null;
        }

        var without = Address().Replace(message, "(address)");
        return without.Length <= LongestMessage ? without : without[..LongestMessage];
    }

    [GeneratedRegex(@"[^\s;,<>""']+@[^\s;,<>""']+", RegexOptions.None, 1000)]
    private static partial Regex Address();
}
