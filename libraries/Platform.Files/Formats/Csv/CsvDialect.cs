using Platform.Files.Engine;

namespace Platform.Files.Formats.Csv;

/// <summary>How a CSV file is written. <see cref="Quote"/> and <see cref="Escape"/> are <see cref="None"/> when nothing is quoted.</summary>
internal readonly record struct CsvDialect(byte Separator, byte Quote, byte Escape, bool LoneCarriageReturns)
{
    /// <summary>A byte that UTF-8 does not have, so it is never met.</summary>
    public const byte None = 0xFF;

    public static CsvDialect Of(CsvSettings settings, byte separator, byte quote = (byte)'"', byte? escape = null)
    {
        var quoted = settings.Quote switch
        {
            null => quote,
            "" => None,
            _ => (byte)settings.Quote[0],
        };
        return new CsvDialect(settings.SeparatorByte ?? separator, quoted, Escaping(settings, quoted, escape is null || escape == quote ? quoted : escape.Value), false);
    }

    private static byte Escaping(CsvSettings settings, byte quote, byte found) => settings.Escape is { Length: 1 } given ? (byte)given[0] : quote == None ? None : found;
}
