using System.Security.Cryptography;
using System.Text;
using Npgsql;

namespace Platform.Feeds.Tables;

/// <summary>
/// The database login that people and BI tools read domain tables with. The service may do one thing with it: give it another password, by a function that
/// <c>deploy/lib/table-reader.sql</c> makes. What is sent is a SCRAM verifier (RFC 5802), so that no log of the server can hold the password.
/// </summary>
internal sealed class TableReader(NpgsqlDataSource database, IConfiguration configuration)
{
    public const string Role = "table_reader";

    private const int Iterations = 4096;
    private const string PasswordLetters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";

    /// <summary>Where clients reach the database: the setting <c>DomainTables:Address</c> (<c>host:port</c>), else the service's own way to it.</summary>
    public (string Host, int Port, string Database) Address()
    {
        var own = new NpgsqlConnectionStringBuilder(database.ConnectionString);
        var (host, port) = (own.Host ?? "localhost", own.Port);
        if (configuration["DomainTables:Address"] is { Length: > 0 } address)
        {
            var colon = address.LastIndexOf(':');
            (host, port) = colon > 0 && int.TryParse(address[(colon + 1)..], out var number) ? (address[..colon], number) : (address, 5432);
        }

        return (host, port, own.Database!);
    }

    /// <summary>Gives the login a new password, which is returned and kept nowhere; null when the database has no such login.</summary>
    public async Task<string?> RotateAsync(CancellationToken cancellationToken)
    {
        var password = RandomNumberGenerator.GetString(PasswordLetters, 32);
        try
        {
            await using var command = database.CreateCommand("select table_reader.set_verifier($1)");
            command.Parameters.Add(new() { Value = Verifier(password, RandomNumberGenerator.GetBytes(16)) });
            await command.ExecuteNonQueryAsync(cancellationToken);
            return password;
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedFunction or PostgresErrorCodes.InsufficientPrivilege)
        {
            return null;
        }
    }

    private static string Verifier(string password, byte[] salt)
    {
        var salted = Rfc2898DeriveBytes.Pbkdf2(password, salt, Iterations, HashAlgorithmName.SHA256, 32);
        var stored = SHA256.HashData(HMACSHA256.HashData(salted, Encoding.ASCII.GetBytes("Client Key")));
        var server = HMACSHA256.HashData(salted, Encoding.ASCII.GetBytes("Server Key"));
        return $"SCRAM-SHA-256${Iterations}:{Convert.ToBase64String(salt)}${Convert.ToBase64String(stored)}:{Convert.ToBase64String(server)}";
    }
}
