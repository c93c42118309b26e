using Platform.Files.Engine;
using Platform.Files.Formats.Records;

namespace Platform.Files.Formats.Csv;

/// <summary>Finds a file's dialect by taking its head apart in every way that the settings leave open: the way that makes the most regular table wins.</summary>
internal static unsafe class CsvSniffer
{
    private const int HeadBytes = 256 << 10;
    private const int MaxRecords = 2000;

    private static ReadOnlySpan<byte> Separators => ",;\t|"u8;

    public static CsvDialect Sniff(ByteWindow window, CsvSettings settings, byte? usualSeparator)
    {
        var head = Math.Min(window.Length, HeadBytes);
        var whole = window.AtEnd && head == window.Length;
        var carriageReturns = LoneCarriageReturns(window.Span(0, head));
        if (carriageReturns)
        {
            window.LineEnd = (byte)'\r';
        }

        var given = settings.SeparatorByte ?? usualSeparator;
        var best = CsvDialect.Of(settings, given ?? (byte)',') with { LoneCarriageReturns = carriageReturns };
        var bestScore = Score(window.Start, head, whole, best);
        foreach (var separator in given is { } only ? [only] : Separators)
        {
            foreach (var (quote, escape) in ((byte?, byte?)[])[(null, null), ((byte)'"', (byte)'\\'), ((byte)'\'', null), (CsvDialect.None, CsvDialect.None)])
            {
                var candidate = CsvDialect.Of(settings, separator, quote, escape) with { LoneCarriageReturns = carriageReturns };
                var score = Score(window.Start, head, whole, candidate);
                if (score.CompareTo(bestScore) > 0)
                {
                    (best, bestScore) = (candidate, score);
                }
            }
        }

        return best;
    }

    /// <summary>
    /// Better is, in this order: no structural fault; more than one column; almost all records alike; an opening quote for each that closes; more records alike; more columns.
    /// The first of equals wins, so the usual comes first.
    /// </summary>
    private static (bool Sound, bool Table, int Regular, int Quoted, int Columns) Score(byte* bytes, int length, bool whole, CsvDialect dialect)
    {
        var tokenizer = new CsvTokenizer(dialect);
        var counts = new Dictionary<int, int>();
        var quoted = 0;
        var records = 0;
        for (var at = 0; at < length && records < MaxRecords; at = tokenizer.Next)
        {
            var outcome = tokenizer.Scan(bytes, at, length, whole);
            if (outcome == CsvOutcome.Incomplete)
            {
                // A quote that is still open at the end of a long head is more likely none.
                if (records == 0)
                {
                    return default;
                }

                break;
            }

            if (outcome != CsvOutcome.Record)
            {
                return default;
            }

            if (tokenizer.IsBlank)
            {
                continue;
            }

            records++;
            counts[tokenizer.Fields] = counts.GetValueOrDefault(tokenizer.Fields) + 1;
            for (var i = 0; i < tokenizer.Fields; i++)
            {
                quoted += tokenizer.Field(i).Kind == CsvField.Plain ? 0 : 1;
            }
        }

        if (records == 0)
        {
            return (true, false, 0, 0, 0);
        }

        var (columns, alike) = counts.MaxBy(count => (count.Value, count.Key));

        // In steps of a twentieth, so that a few bad rows do not let a worse dialect win.
        return (true, columns > 1, alike * 20 / records, quoted, columns);
    }

    private static bool LoneCarriageReturns(ReadOnlySpan<byte> head)
    {
        var first = head.IndexOf((byte)'\r');
        return first >= 0 && first + 1 < head.Length && head[first + 1] != (byte)'\n' && !head.Contains((byte)'\n');
    }
}
