using Amazon.Runtime;
using Amazon.S3;
using Npgsql;
using Platform.Testing;
using Platform.Testing.Servers;
using RabbitMQ.Client;
using Xunit;

namespace Platform.EndToEnd.Tests.Kit;

/// <summary>Every other test trusts these servers to be real and to keep tests apart.</summary>
public sealed class ServersOfTheKit(PostgresServer postgres, RabbitServer rabbit, S3Server s3)
    : IClassFixture<PostgresServer>, IClassFixture<RabbitServer>, IClassFixture<S3Server>
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_database_is_empty_durable_on_the_log_and_gone_after_its_test()
    {
        string connectionString;
        await using (var database = await postgres.CreateDatabaseAsync(owner: "kit_owner"))
        {
            connectionString = database.ConnectionString;
            await using var connection = new NpgsqlConnection(connectionString);
            await connection.OpenAsync(Cancelled);
            await using var query = new NpgsqlCommand(
                "select current_user || ' ' || current_setting('wal_level') || ' ' || (select count(*) from pg_tables where schemaname = 'public')", connection);
            Assert.Equal("kit_owner replica 0", await query.ExecuteScalarAsync(Cancelled));
        }

        await using var late = new NpgsqlConnection(connectionString);
        var gone = await Assert.ThrowsAsync<PostgresException>(() => late.OpenAsync(Cancelled));
        Assert.Equal(PostgresErrorCodes.InvalidCatalogName, gone.SqlState);
    }

    [Fact]
    public async Task A_virtual_host_takes_quorum_queues_and_is_no_other_fixtures_one()
    {
        var other = new RabbitServer();
        await other.InitializeAsync();
        Assert.NotEqual(rabbit.VirtualHost, other.VirtualHost);

        await using (var connection = await new ConnectionFactory { Uri = new(rabbit.Uri) }.CreateConnectionAsync(Cancelled))
        {
            await using var channel = await connection.CreateChannelAsync(cancellationToken: Cancelled);
            var arguments = new Dictionary<string, object?> { ["x-queue-type"] = "quorum" };
            await channel.QueueDeclareAsync("kit", durable: true, exclusive: false, autoDelete: false, arguments, cancellationToken: Cancelled);
            await channel.BasicPublishAsync("", "kit", "hello"u8.ToArray(), Cancelled);
            await Until.True(async () => await channel.MessageCountAsync("kit", Cancelled) == 1, cancellationToken: Cancelled);
        }

        await other.DisposeAsync();
        // The client hands out a connection although the broker refuses it; the refusal is found in its close reason.
        await using var late = await new ConnectionFactory { Uri = new(other.Uri), AutomaticRecoveryEnabled = false }.CreateConnectionAsync(Cancelled);
        await Until.True(() => !late.IsOpen, cancellationToken: Cancelled);
        Assert.Equal(Constants.NotAllowed, late.CloseReason!.ReplyCode);
    }

    [Fact]
    public async Task The_object_store_knows_its_owner_and_refuses_a_wrong_secret()
    {
        await s3.Client.PutObjectAsync(new() { BucketName = s3.Bucket, Key = "v1/a", ContentBody = "text" }, Cancelled);
        var listed = await s3.Client.ListObjectsV2Async(new() { BucketName = s3.Bucket }, Cancelled);
        Assert.Equal(["v1/a"], listed.S3Objects.Select(found => found.Key));

        using var stranger = s3.ClientWith(new BasicAWSCredentials(s3.AccessKey, "wrong"));
        var refused = await Assert.ThrowsAsync<AmazonS3Exception>(() => stranger.ListObjectsV2Async(new() { BucketName = s3.Bucket }, Cancelled));
        Assert.Equal("SignatureDoesNotMatch", refused.ErrorCode);
    }
}
