using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Npgsql;
using NpgsqlTypes;

namespace Platform.Gateway.Idempotency;

/// <summary>An answer as it is kept.</summary>
internal sealed record StoredAnswer(string? ContentType, string? Location, byte[] Body);

/// <summary>What is known of a request when it comes.</summary>
internal enum ClaimOutcome
{
    /// <summary>It is the first with this key: carry it out.</summary>
    Mine,

    /// <summary>The key was used for something else.</summary>
    OtherRequest,

    /// <summary>It is being carried out.</summary>
    UnderWay,

    /// <summary>It was forwarded and its answer was lost.</summary>
    Lost,

    /// <summary>It was carried out.</summary>
    Answered,
}

/// <summary>
/// Requests with an idempotency key, in the gateway's database, so that all its instances and its next start know them. A request is claimed by inserting its row before it is forwarded;
/// nothing ever takes a claim over, so no request is carried out twice. Keys and requests are kept as keyed hashes and answers encrypted (AES-256-GCM), under keys derived from the
/// gateway's signing key: the database alone tells neither.
/// </summary>
internal sealed class StoredAnswers(NpgsqlDataSource database, IConfiguration configuration)
{
    private const int NonceLength = 12;
    private const int TagLength = 16;

    /// <summary>Longer than any forwarded call can take without an answer.</summary>
    public static readonly TimeSpan LongestCall = TimeSpan.FromMinutes(5);

    /// <summary>How long an answer is kept, and a key taken.</summary>
    public static readonly TimeSpan Kept = TimeSpan.FromHours(24);

    private readonly byte[] _secret = HKDF.DeriveKey(
        HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(File.ReadAllText(configuration["InternalTokens:SigningKey"]!)), 32, info: "gateway idempotency"u8.ToArray());

    public byte[] HashOf(string purpose, ReadOnlySpan<byte> data)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, _secret);
        hash.AppendData(Encoding.UTF8.GetBytes(purpose));
        hash.AppendData([0]);
        hash.AppendData(data);
        return hash.GetHashAndReset();
    }

    public async Task<(ClaimOutcome Outcome, int Status, StoredAnswer? Answer)> ClaimAsync(string caller, byte[] key, byte[] request, CancellationToken cancellationToken)
    {
        await using var claim = database.CreateCommand($"""
            insert into idempotent_requests as known (caller_id, key_hash, request_hash, created_at) values ($1, $2, $3, clock_timestamp())
            on conflict (caller_id, key_hash) do update set request_hash = excluded.request_hash, created_at = excluded.created_at, status = null, answer = null
            where known.created_at < clock_timestamp() - interval '{Kept.TotalHours:0} hours'
            """);
        AddKey(claim, caller, key);
        claim.Parameters.Add(new() { Value = request });
        if (await claim.ExecuteNonQueryAsync(cancellationToken) == 1)
        {
            return (ClaimOutcome.Mine, 0, null);
        }

        await using var look = database.CreateCommand("select request_hash, status, answer, clock_timestamp() - created_at from idempotent_requests where caller_id = $1 and key_hash = $2");
        AddKey(look, caller, key);
        await using var found = await look.ExecuteReaderAsync(cancellationToken);
        if (!await found.ReadAsync(cancellationToken))
        {
            // Released between the two statements: the next try claims it.
            return (ClaimOutcome.UnderWay, 0, null);
        }

        if (!CryptographicOperations.FixedTimeEquals(found.GetFieldValue<byte[]>(0), request))
        {
            return (ClaimOutcome.OtherRequest, 0, null);
        }

        if (await found.IsDBNullAsync(1, cancellationToken))
        {
            return (found.GetFieldValue<TimeSpan>(3) > LongestCall ? ClaimOutcome.Lost : ClaimOutcome.UnderWay, 0, null);
        }

        var status = found.GetInt32(1);
        return !await found.IsDBNullAsync(2, cancellationToken) && Open(found.GetFieldValue<byte[]>(2), key) is { } answer ? (ClaimOutcome.Answered, status, answer) : (ClaimOutcome.Lost, 0, null);
    }

    public async Task AnswerAsync(string caller, byte[] key, int status, StoredAnswer answer)
    {
        await using var command = database.CreateCommand("update idempotent_requests set status = $3, answer = $4 where caller_id = $1 and key_hash = $2");
        AddKey(command, caller, key);
        command.Parameters.Add(new() { Value = status });
        command.Parameters.Add(new() { Value = Seal(answer, key) });
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Nobody knows whether the request was carried out.</summary>
    public async Task LoseAsync(string caller, byte[] key)
    {
        await using var command = database.CreateCommand("update idempotent_requests set status = 0 where caller_id = $1 and key_hash = $2");
        AddKey(command, caller, key);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The request was not carried out, and may come again.</summary>
    public async Task ReleaseAsync(string caller, byte[] key)
    {
        await using var command = database.CreateCommand("delete from idempotent_requests where caller_id = $1 and key_hash = $2 and status is null");
        AddKey(command, caller, key);
        await command.ExecuteNonQueryAsync();
    }

    private static void AddKey(NpgsqlCommand command, string caller, byte[] key)
    {
        command.Parameters.Add(new() { Value = caller });
        command.Parameters.Add(new() { Value = key, NpgsqlDbType = NpgsqlDbType.Bytea });
    }

    private byte[] Seal(StoredAnswer answer, byte[] key)
    {
        var plain = JsonSerializer.SerializeToUtf8Bytes(answer);
        var box = new byte[NonceLength + TagLength + plain.Length];
        RandomNumberGenerator.Fill(box.AsSpan(0, NonceLength));
        using var aes = new AesGcm(HashOf("answer", key), TagLength);
        aes.Encrypt(box.AsSpan(0, NonceLength), plain, box.AsSpan(NonceLength + TagLength), box.AsSpan(NonceLength, TagLength), key);
        return box;
    }

    // An answer that was kept under a signing key of the past cannot be read any more.
    private StoredAnswer? Open(byte[] box, byte[] key)
    {
        var plain = new byte[box.Length - NonceLength - TagLength];
        using var aes = new AesGcm(HashOf("answer", key), TagLength);
        try
        {
            aes.Decrypt(box.AsSpan(0, NonceLength), box.AsSpan(NonceLength + TagLength), box.AsSpan(NonceLength, TagLength), plain, key);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return JsonSerializer.Deserialize<StoredAnswer>(plain);
    }
}
