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
            // Never that nothing is quoted, and nothing unusual without a trace of it: a quote that is not closed would otherwise be taken for text.
            foreach (var (quote, escape, trace) in ((byte, byte, Trace)[])[((byte)'"', (byte)'"', Trace.None), ((byte)'"', (byte)'\\', Trace.Escapes), ((byte)'\'', (byte)'\'', Trace.Quotes)])
            {
                var candidate = CsvDialect.Of(settings, separator, quote, escape) with { LoneCarriageReturns = carriageReturns };
                var score = Score(window.Start, head, whole, candidate);
                if (score.CompareTo(bestScore) > 0 && (trace == Trace.None || candidate == CsvDialect.Of(settings, separator) || score.Has(trace)))
                {
                    (best, bestScore) = (candidate, score);
                }
            }
        }

        return best;
    }

    /// <summary>How many fields most records of the head have.</summary>
    public static int Columns(ByteWindow window, CsvDialect dialect)
    {
        var head = Math.Min(window.Length, HeadBytes);
        return Score(window.Start, head, window.AtEnd && head == window.Length, dialect).Columns;
    }

    private static Found Score(byte* bytes, int length, bool whole, CsvDialect dialect)
    {
        var tokenizer = new CsvTokenizer(dialect);
        var counts = new Dictionary<int, int>();
        var (quoted, escaped, foreign, records) = (0, 0, 0, 0);
        var outcome = CsvOutcome.Record;
        for (var at = 0; at < length && records < MaxRecords; at = tokenizer.Next)
        {
            outcome = tokenizer.Scan(bytes, at, length, whole);
            if (outcome != CsvOutcome.Record)
            {
                break;
            }

            if (tokenizer.IsBlank)
            {
                continue;
            }

            records++;
            counts[tokenizer.Fields] = counts.GetValueOrDefault(tokenizer.Fields) + 1;
            for (var i = 0; i < tokenizer.Fields; i++)
            {
                var (start, end, kind) = tokenizer.Field(i);
                quoted += kind == CsvField.Plain ? 0 : 1;
                escaped += kind == CsvField.Escaped ? 1 : 0;
                foreign += kind == CsvField.Plain && end > start && bytes[start] is (byte)'"' or (byte)'\'' ? 1 : 0;
            }
        }

        var (columns, alike) = counts.DefaultIfEmpty().MaxBy(count => (count.Value, count.Key));

        // In steps of a twentieth, so that a few bad rows do not let a worse dialect win.
        return new Found(columns > 1, outcome is CsvOutcome.Record or CsvOutcome.Incomplete, records == 0 ? 0 : alike * 20 / records, quoted, columns, escaped, foreign);
    }

    private static bool LoneCarriageReturns(ReadOnlySpan<byte> head)
    {
        var first = head.IndexOf((byte)'\r');
        return first >= 0 && first + 1 < head.Length && head[first + 1] != (byte)'\n' && !head.Contains((byte)'\n');
    }

    /// <summary>What speaks for a dialect that is not the usual one.</summary>
    private enum Trace
    {
        None,
        Quotes,
        Escapes,
    }

    /// <summary>
    /// What taking the head apart gave. Better is, in this order: more than one column; no structural fault; almost all records alike; more fields in quotes; more columns. The
    /// first of equals wins, so the usual comes first.
    /// </summary>
    private readonly record struct Found(bool Table, bool Sound, int Regular, int Quoted, int Columns, int Escaped, int Foreign) : IComparable<Found>
    {
        public int CompareTo(Found other) => (Table, Sound, Regular, Quoted, Columns).CompareTo((other.Table, other.Sound, other.Regular, other.Quoted, other.Columns));

        /// <summary>Fields in these quotes and none that begins with others; or quotes that are escaped.</summary>
        public bool Has(Trace trace) => trace == Trace.Escapes ? Escaped > 0 : Quoted > 0 && Foreign == 0;
    }
}
