using System.Globalization;
using System.Net.Mail;
using System.Text;

namespace Platform.CampaignStandIns;

/// <summary>
/// A recipient file held against the seed, byte for byte: <c>;</c> between fields, a line feed after every row, values in quotation marks with those inside doubled, NULL as nothing, no header row,
/// the agreed fields in the agreed sequence.
/// </summary>
public sealed class RecipientFile
{
    private const int ProblemsKept = 100;
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Agreement _agreement;
    private readonly byte[] _bytes;
    private readonly List<string> _problems = [];
    private readonly List<string?[]> _rows = [];
    private int _at;

    private RecipientFile(byte[] bytes, Agreement agreement) => (_bytes, _agreement) = (bytes, agreement);

    /// <summary>The values of every row; null is NULL.</summary>
    public IReadOnlyList<string?[]> Rows => _rows;

    /// <summary>Everything that is not as agreed, with its row; never a value.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>Reads and checks.</summary>
    public static RecipientFile Read(byte[] bytes, Agreement agreement)
    {
        var file = new RecipientFile(bytes, agreement);
        file.Read();
        return file;
    }

    private void Read()
    {
        var marked = _bytes.AsSpan().StartsWith(Encoding.UTF8.Preamble);
        if (marked != _agreement.ByteOrderMark)
        {
            Note(null, marked ? "begins with a byte order mark" : "lacks the byte order mark that was agreed");
        }

        _at = marked ? Encoding.UTF8.Preamble.Length : 0;
        if (_at == _bytes.Length)
        {
            Note(null, "has no rows");
        }

        while (_at < _bytes.Length && _problems.Count < ProblemsKept)
        {
            if (ReadRow(_rows.Count + 1) is not { } row)
            {
                return;
            }

            _rows.Add(row);
            Check(row, _rows.Count);
        }

        foreach (var field in new[] { _agreement.SourceMailing, _agreement.Wave }.Where(field => field >= 0))
        {
            if (_rows.Select(row => row.ElementAtOrDefault(field)).Distinct().Count() > 1)
            {
                Note(null, $"has more than one {_agreement.Fields[field].Name}");
            }
        }
    }

    /// <summary>The next row; null when what follows cannot be told apart any more.</summary>
    private string?[]? ReadRow(int number)
    {
        var values = new List<string?>();
        while (true)
        {
            if (_at < _bytes.Length && _bytes[_at] == '"')
            {
                if (ReadQuoted(number) is not { } value)
                {
                    return null;
                }

                values.Add(value);
            }
            else
            {
                values.Add(null);
            }

            if (_at == _bytes.Length)
            {
                Note(number, "does not end with a line feed");
                return null;
            }

            switch (_bytes[_at++])
            {
                case (byte)'\n':
                    return [.. values];
                case (byte)';':
                    continue;
                case (byte)'\r':
                    Note(number, "ends with a carriage return");
                    return null;
                default:
                    Note(number, $"has something outside quotation marks in field {values.Count}");
                    return null;
            }
        }
    }

    private string? ReadQuoted(int number)
    {
        var value = new List<byte>();
        for (_at++; _at < _bytes.Length; _at++)
        {
            if (_bytes[_at] != '"')
            {
                value.Add(_bytes[_at]);
            }
            else if (_at + 1 < _bytes.Length && _bytes[_at + 1] == '"')
            {
                value.Add(_bytes[_at++]);
            }
            else
            {
                _at++;
                return Decode([.. value], number);
            }
        }

        Note(number, "opens a quotation mark that is never closed");
        return null;
    }

    private string Decode(byte[] value, int number)
    {
        try
        {
            return Strict.GetString(value);
        }
        catch (DecoderFallbackException)
        {
            Note(number, "is not UTF-8");
            return "";
        }
    }

    private void Check(string?[] row, int number)
    {
        if (row.Length != _agreement.Fields.Count)
        {
            Note(number, $"has {row.Length} fields where {_agreement.Fields.Count} are agreed");
            return;
        }

        for (var i = 0; i < row.Length; i++)
        {
            var field = _agreement.Fields[i];
            if (row[i] is not { } value)
            {
                if (i == _agreement.Email || i == _agreement.SourceMailing)
                {
                    Note(number, $"has no {field.Name}");
                }

                continue;
            }

            if (field.Type == AgreedType.Bigint && !long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
            {
                Note(number, $"has a {field.Name} that is no number");
            }

            if (field.Type == AgreedType.Varchar && value.EnumerateRunes().Count() > field.Length)
            {
                Note(number, $"has a {field.Name} of more than {field.Length} characters");
            }

            if (i == _agreement.Email && !(MailAddress.TryCreate(value, out var address) && address.Address == value && address.Host.Contains('.')))
            {
                Note(number, $"has an {field.Name} that is no address");
            }
        }
    }

    private void Note(int? row, string problem) => _problems.Add(row is null ? $"The file {problem}." : $"Row {row} {problem}.");
}
