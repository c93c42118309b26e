using System.Security.Cryptography;
using System.Text;

namespace Platform.Scheduler.Alerts;

/// <summary>
/// The secrets webhooks are signed with: derived from a key file of the service with HKDF (RFC 5869), so that none is ever stored, and the same in all instances. The key file is
/// the setting <c>Alerts:SecretKey</c>, or the service's signing key for internal tokens.
/// </summary>
internal sealed class WebhookSecrets(IConfiguration configuration)
{
    private readonly string _keyFile = configuration["Alerts:SecretKey"] ?? configuration["InternalTokens:SigningKey"]
        ?? throw new InvalidOperationException("Neither Alerts:SecretKey nor InternalTokens:SigningKey names a key file.");

    /// <summary>The secret as its owner gets it once, and as Standard Webhooks writes it.</summary>
    public string Derive(string channelId, int version)
    {
        var key = Encoding.UTF8.GetBytes(File.ReadAllText(_keyFile));
        return $"whsec_{Convert.ToBase64String(HKDF.DeriveKey(HashAlgorithmName.SHA256, key, 32, info: Encoding.UTF8.GetBytes($"alert webhook {channelId} {version}")))}";
    }

    /// <summary>Tells a secret from another without telling the secret.</summary>
    public static string CheckOf(string secret) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(secret)))[..16];

    /// <summary>Signature over id, time and body, as Standard Webhooks has it.</summary>
    public static string Sign(string secret, string id, long timestamp, string body) =>
        $"v1,{Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.{timestamp}.{body}")))}";
}
