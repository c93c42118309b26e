using System.Security.Cryptography;
using System.Text;
using Platform.OptimizelyBrevo.Connections;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>
/// One reading of a source table: which loads' rows were read before and need not be read again, and which are read now. A row carries the load that last changed it, and a load commits
/// all its rows at once, so a load that was read has nothing new (docs/adr/0036).
/// </summary>
internal sealed class TableReading(SourceTable source, string meaning, string? fingerprint, string? loads)
{
    private readonly HashSet<long> _seen = [];
    private long _last = long.MinValue;

    public SourceTable Source => source;

    /// <summary>What rows of this table mean, as a hash; null when the table does not tell loads, and is read whole each time.</summary>
    public string? Fingerprint { get; private set; }

    /// <summary>Loads whose rows were read now.</summary>
    public long[] Loads => [.. _seen];

    /// <summary>The loads to leave out, as PostgreSQL's multirange; null when nothing read before still holds: the settings, the partners' side or the table itself have changed.</summary>
    public string? Begin(string shape)
    {
        Fingerprint = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{meaning}\n{shape}")));
        return Fingerprint == fingerprint ? loads : null;
    }

    public void Saw(long load)
    {
        if (load != _last)
        {
            _seen.Add(_last = load);
        }
    }
}
