using System.Globalization;
using Platform.Files.Engine;

namespace Platform.Files.Encodings;

/// <summary>What one landed file may become: a few kilobytes can claim to be petabytes. Real bytes are counted, whatever a head says.</summary>
internal sealed class DecodeLimits(long mostBytes)
{
    /// <summary>Encodings inside each other.</summary>
    public const int Depth = 6;

    /// <summary>Members of one archive.</summary>
    public const int Entries = 10_000;

    /// <summary>Deflate reaches 1032 to 1; real exports stay below 100 to 1.</summary>
    public const int Ratio = 400;

    /// <summary>Below so many bytes the ratio does not matter.</summary>
    private const long FreeBytes = 128L << 20;

    /// <summary>Counts what one layer made of what it took.</summary>
    public void Check(string name, string encoding, long taken, long made)
    {
        if (made > mostBytes)
        {
            throw new EngineException(
                EngineFailure.BadFile,
                string.Create(CultureInfo.InvariantCulture, $"{name} has more than {mostBytes >> 20} MB when its {encoding} is taken off. Raise Engine:DecodedLimitMegabytes if that is right."));
        }

        if (made > FreeBytes && made / Ratio > taken)
        {
            throw new EngineException(
                EngineFailure.BadFile,
                string.Create(CultureInfo.InvariantCulture, $"{name} grows more than {Ratio} times when its {encoding} is taken off ({made} bytes of {taken}), as no real data do. Have it sent less compressed if it is right."));
        }
    }
}
