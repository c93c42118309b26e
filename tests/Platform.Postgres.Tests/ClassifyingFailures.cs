using System.Net.Sockets;
using Npgsql;
using Xunit;

namespace Platform.Postgres.Tests;

public sealed class ClassifyingFailures
{
    [Theory]
    [InlineData("08006", true)] // connection failure
    [InlineData("40P01", true)] // deadlock
    [InlineData("40001", true)] // serialization failure
    [InlineData("53100", true)] // disk full
    [InlineData("53300", true)] // too many connections
    [InlineData("57P01", true)] // terminated by the administrator
    [InlineData("57P03", true)] // starting up
    [InlineData("57014", true)] // statement time-out
    [InlineData("58030", true)] // input/output error
    [InlineData("55P03", true)] // lock not available
    [InlineData("25006", true)] // server is read-only
    [InlineData("23505", false)] // unique violation
    [InlineData("42601", false)] // syntax error
    [InlineData("42501", false)] // permission denied
    [InlineData("22P02", false)] // not of the type
    [InlineData("XX000", false)] // internal error
    public void The_environment_is_told_from_everything_else_by_the_server_s_code(string sqlState, bool transient) =>
        Assert.Equal(transient, PostgresFailures.IsTransient(new PostgresException("message", "ERROR", "ERROR", sqlState)));

    [Fact]
    public void A_lost_connection_is_the_environment_s_and_an_unknown_exception_is_not()
    {
        Assert.True(PostgresFailures.IsTransient(new NpgsqlException("lost", new SocketException(104))));
        Assert.True(PostgresFailures.IsTransient(new NpgsqlException("lost", new EndOfStreamException())));
        Assert.True(PostgresFailures.IsTransient(new TimeoutException()));
        Assert.False(PostgresFailures.IsTransient(new InvalidOperationException()));
    }
}
