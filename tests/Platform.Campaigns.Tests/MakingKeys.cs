using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Platform.Campaigns.Dispatches;
using Xunit;

namespace Platform.Campaigns.Tests;

/// <summary>Keys are stored: those made eight at a time must be the ones that were made one by one, for ever.</summary>
public sealed class MakingKeys
{
    [Fact]
    public void Keys_made_together_are_the_first_half_of_each_address_s_hash()
    {
        var random = new Random(20201);
        var maker = new KeyMaker();
        for (var round = 0; round < 500; round++)
        {
            // Around a block's end, and any byte: what is no address has a key too.
            var addresses = Enumerable.Range(0, KeyMaker.Lanes).Select(lane => Address(random, round < 16 ? (round * KeyMaker.Lanes) + lane : random.Next(0, 300))).ToList();
            foreach (var (lane, address) in addresses.Index())
            {
                maker.Set(lane, address);
            }

            maker.Make();

            Assert.Equal(addresses.Select(Expected), maker.Keys.ToArray());
            Assert.Equal(addresses.Select(address => RecipientIndex.KeyOf(address)), maker.Keys.ToArray());
        }
    }

    private static byte[] Address(Random random, int length)
    {
        var address = new byte[length];
        random.NextBytes(address);
        return address;
    }

    private static UInt128 Expected(byte[] address)
    {
        var lower = Encoding.Latin1.GetBytes(string.Concat(Encoding.Latin1.GetString(address.AsSpan(0, Math.Min(address.Length, 255))).Select(letter => char.IsAscii(letter) ? char.ToLowerInvariant(letter) : letter)));
        return BinaryPrimitives.ReadUInt128BigEndian(SHA256.HashData(lower));
    }
}
