using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;

namespace Platform.Gateway.Oidc;

/// <summary>A public key of the issuer (RFC 7517), bound to the one algorithm it is for: an RSA key verifies RS256 and an EC P-256 key ES256, whatever a token's header wishes.</summary>
internal sealed class IssuerKey
{
    private const int MinRsaBits = 2048;

    private readonly RSAParameters? _rsa;
    private readonly ECParameters? _ec;

    private IssuerKey(string? id, RSAParameters? rsa, ECParameters? ec)
    {
        Id = id;
        _rsa = rsa;
        _ec = ec;
    }

    /// <summary>The <c>kid</c>.</summary>
    public string? Id { get; }

    /// <summary><c>RS256</c> or <c>ES256</c>.</summary>
    public string Algorithm => _rsa is null ? "ES256" : "RS256";

    /// <summary>Whether the signature is this key's over the data.</summary>
    public bool Verifies(byte[] data, byte[] signature)
    {
        if (_rsa is { } parameters)
        {
            using var rsa = RSA.Create(parameters);
            return rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }

        using var ec = ECDsa.Create(_ec!.Value);
        return ec.VerifyData(data, signature, HashAlgorithmName.SHA256);
    }

    /// <summary>The keys of a set that can be used; those for encryption, of other kinds or too short are left out, as RFC 7517 §5 asks. Throws <see cref="FormatException"/> for what is no key set.</summary>
    public static IReadOnlyList<IssuerKey> ReadSet(JsonElement set) =>
        set.ValueKind == JsonValueKind.Object && set.TryGetProperty("keys", out var keys) && keys.ValueKind == JsonValueKind.Array
            ? [.. keys.EnumerateArray().Select(Read).OfType<IssuerKey>()]
            : throw new FormatException("the document has no list 'keys'");

    private static IssuerKey? Read(JsonElement key)
    {
        if (key.ValueKind != JsonValueKind.Object || JsonMembers.TextOf(key, "use") is not (null or "sig"))
        {
            return null;
        }

        var (id, algorithm) = (JsonMembers.TextOf(key, "kid"), JsonMembers.TextOf(key, "alg"));
        try
        {
            switch (JsonMembers.TextOf(key, "kty"))
            {
                case "RSA" when algorithm is null or "RS256":
                    var rsa = new RSAParameters { Modulus = BytesOf(key, "n"), Exponent = BytesOf(key, "e") };
                    using (var check = RSA.Create(rsa))
                    {
                        return check.KeySize < MinRsaBits ? null : new(id, rsa, null);
                    }

                case "EC" when algorithm is null or "ES256" && JsonMembers.TextOf(key, "crv") == "P-256":
                    var ec = new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = BytesOf(key, "x"), Y = BytesOf(key, "y") } };
                    using (ECDsa.Create(ec))
                    {
                        return new(id, null, ec);
                    }

                default:
                    return null;
            }
        }
        catch (Exception e) when (e is CryptographicException or FormatException or PlatformNotSupportedException)
        {
            // One unusable key does not make the others unusable.
            return null;
        }
    }

    private static byte[] BytesOf(JsonElement key, string name) => Base64Url.DecodeFromChars(JsonMembers.TextOf(key, name) ?? throw new FormatException(name));
}
