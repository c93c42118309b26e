using System.Net.Sockets;
using Npgsql;

namespace Platform.Postgres;

/// <summary>What an error of PostgreSQL or of the way to it means for the work that met it.</summary>
public static class PostgresFailures
{
    /// <summary>
    /// True when the environment failed and the same work may succeed later: connection lost, server starting or stopping, out of disk, memory or connections, deadlock,
    /// lock or statement time-out, server read-only. False for everything that would fail again (constraint, syntax, type, permission).
    /// </summary>
    public static bool IsTransient(Exception exception) => exception switch
    {
        PostgresException server => IsTransient(server.SqlState),
        NpgsqlException client => client.IsTransient || client.InnerException is IOException or SocketException or TimeoutException,
        TimeoutException => true,
        _ => false,
    };

    /// <summary>The same by the five-character SQLSTATE (PostgreSQL manual, appendix A).</summary>
    public static bool IsTransient(string sqlState) => sqlState switch
    {
        // Connection exceptions, transaction rollbacks, insufficient resources, operator intervention, system errors: by class.
        ['0', '8', ..] or ['4', '0', ..] or ['5', '3', ..] or ['5', '7', ..] or ['5', '8', ..] => true,
        PostgresErrorCodes.LockNotAvailable or PostgresErrorCodes.ReadOnlySqlTransaction => true,
        "25P03" or "25P04" => true, // idle in transaction for too long, transaction too long
        _ => false,
    };
}
