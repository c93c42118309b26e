using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Platform.CampaignStandIns;

/// <summary>
/// What becomes of one mail. Decided by the address, so that everything can be foretold: a local part that begins with a known word and a point (<c>soft.ann@example.com</c>) decides by the word,
/// any other by its hash, in shares as newsletters have them.
/// </summary>
/// <param name="SendingStatus"><c>sent</c> or <c>could_not_be_sent</c>.</param>
/// <param name="DeliveryStatus"><c>OK</c>, <c>HARD</c>, <c>SOFT</c>; null when not sent.</param>
/// <param name="Category">Response category, null without a response.</param>
/// <param name="Opens">How often the recipient opens it.</param>
/// <param name="AutomaticOpens">How often their mail program opens it by itself.</param>
/// <param name="Clicks">Clicks of the recipient, all within one second.</param>
/// <param name="Unsubscribes">Leaves the list.</param>
public sealed record Reaction(string SendingStatus, string? DeliveryStatus, string? Category, int Opens, int AutomaticOpens, int Clicks, bool Unsubscribes)
{
    private static readonly Reaction Nothing = new("sent", "OK", null, 0, 0, 0, false);

    private static readonly Dictionary<string, Reaction> ByWord = new(StringComparer.Ordinal)
    {
        ["quiet"] = Nothing,
        ["hard"] = Nothing with { DeliveryStatus = "HARD", Category = "fatal_bounce" },
        ["soft"] = Nothing with { DeliveryStatus = "SOFT", Category = "temporary_bounce" },
        ["late"] = Nothing with { Category = "bounce" },
        ["never"] = new("could_not_be_sent", null, null, 0, 0, 0, false),
        ["open"] = Nothing with { Opens = 2 },
        ["auto"] = Nothing with { AutomaticOpens = 1 },
        ["click"] = Nothing with { Opens = 1, Clicks = 3 },
        ["leave"] = Nothing with { Opens = 1, Unsubscribes = true },
        ["reply"] = Nothing with { Opens = 1, Category = "unknown" },
        ["away"] = Nothing with { Category = "autoresponder" },
    };

    /// <summary>True for a bounce that may be delivered another time.</summary>
    public bool IsSoftBounce => DeliveryStatus == "SOFT" || Category is "bounce" or "temporary_bounce";

    /// <summary>What the recipient does with the first mail.</summary>
    public static Reaction Of(string email)
    {
        var lower = email.ToLowerInvariant();
        if (ByWord.TryGetValue(lower.Split('.', '@')[0], out var known))
        {
            return known;
        }

        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(lower));
        double Share(int which) => BinaryPrimitives.ReadUInt32BigEndian(hash.AsSpan(which * 4)) / (double)uint.MaxValue;
        if (Share(0) < 0.07)
        {
            return ByWord[Share(0) switch { < 0.02 => "hard", < 0.05 => "soft", < 0.06 => "late", _ => "never" }];
        }

        var opens = Share(1) < 0.4 ? 1 + (hash[31] % 3) : 0;
        return new(
            "sent", "OK", Share(2) switch { < 0.01 => "unknown", < 0.03 => "autoresponder", _ => null }, opens, Share(3) < 0.25 ? 1 : 0,
            opens > 0 && Share(4) < 0.3 ? 1 + (hash[30] % 3) : 0, opens > 0 && Share(5) < 0.02);
    }

    /// <summary>What a recipient does with a later mail: what bounced softly arrives now.</summary>
    public Reaction Again() => IsSoftBounce ? Nothing with { Opens = 1 } : this;
}
