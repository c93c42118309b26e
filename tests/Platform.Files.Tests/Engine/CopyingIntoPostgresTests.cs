using Npgsql;
using Platform.Files.Engine;
using Platform.Testing.Servers;
using Xunit;

namespace Platform.Files.Tests.Engine;

/// <summary>PostgreSQL takes every kind of value the engine writes, and means the same by it.</summary>
public sealed class CopyingIntoPostgresTests(EngineFixture engine, PostgresServer server) : IClassFixture<PostgresServer>
{
    private readonly CancellationToken _cancellation = TestContext.Current.CancellationToken;

    [Fact]
    public async Task Every_type_arrives_as_it_left()
    {
        var file = engine.Parquet("""
            SELECT * FROM (VALUES
              (true, DATE '2020-02-29', TIMESTAMP '2020-09-14 17:32:22.123456', '12345678901234567890.0123456789', 0.1, 9223372036854775807, 'é€😀', '{"a": [1.50, "\u00e9"]}'),
              (false, DATE '0001-01-01', TIMESTAMP '0001-01-01', '-0.0000000001', '-inf'::DOUBLE, -9223372036854775808, '', '"\ud83d\ude00"'),
              (NULL, DATE '9999-12-31', TIMESTAMP '9999-12-31 23:59:59.999999', '-10000', 'nan'::DOUBLE, 0, ' ', '123456789012345678901234567890'),
              (NULL, NULL, NULL, '9999999999999999999999999999', NULL, NULL, NULL, NULL),
              (NULL, NULL, NULL, '0', NULL, NULL, NULL, NULL),
              (NULL, NULL, NULL, '100000000.0001', NULL, NULL, NULL, NULL)) t(boolean, date, datetime, decimal, float, integer, string, json)
            """);
        LoadField[] fields = [.. Enum.GetValues<FieldType>().Select(type => Field(type))];
        Assert.Equal(
            """
            t|2020-02-29|2020-09-14 17:32:22.123456+00|12345678901234567890.0123456789|0.1|9223372036854775807|é€😀|{"a": [1.50, "é"]}|42|5|1
            f|0001-01-01|0001-01-01 00:00:00+00|-0.0000000001|-Infinity|-9223372036854775808||"😀"|42|5|2
            ∅|9999-12-31|9999-12-31 23:59:59.999999+00|-10000.0000000000|NaN|0| |123456789012345678901234567890|42|5|3
            ∅|∅|∅|9999999999999999999999999999.0000000000|∅|∅|∅|∅|42|5|4
            ∅|∅|∅|0.0000000000|∅|∅|∅|∅|42|5|5
            ∅|∅|∅|100000000.0001000000|∅|∅|∅|∅|42|5|6
            """,
            await LoadAsync(file with { FileId = 5 }, fields));
    }

    [Fact]
    public async Task Decimals_of_every_size_and_scale_arrive()
    {
        // For each scale the smallest, the largest, and digits at every place, as text made by DuckDB.
        var values = Enumerable.Range(0, 38).Select(scale =>
            $"SELECT {scale} AS scale, CAST(v AS DECIMAL(38,{scale}))::VARCHAR AS text FROM (VALUES ('{Digits(38, scale)}'), ('-{Digits(38, scale)}'), ('{Digits(19, Math.Min(scale, 18))}'), ('{Smallest(scale)}'), ('0')) t(v)");
        await using var connection = await ConnectAsync();
        foreach (var scale in new[] { 0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 18, 19, 20, 36, 37 })
        {
            var file = engine.Parquet($"SELECT text::DECIMAL(38,{scale}) AS decimal, text AS string FROM ({values.ElementAt(scale)})");
            LoadField[] fields = [Field(FieldType.Decimal) with { Scale = scale }, Field(FieldType.String)];
            await CreateAsync(connection, fields);
            Assert.Equal(5, (await CopyAsync(connection, file, fields)).Written);
            await using var differing = new NpgsqlCommand("SELECT count(*) FROM loaded WHERE \"decimal\"::text <> string", connection);
            Assert.Equal(0L, await differing.ExecuteScalarAsync(_cancellation));
        }
    }

    [Fact]
    public async Task Rows_of_a_job_that_failed_are_not_there()
    {
        await using var connection = await ConnectAsync();
        LoadField[] fields = [Field(FieldType.String)];
        await CreateAsync(connection, fields);
        var good = engine.Parquet("SELECT 'a' || i AS string FROM range(200000) t(i)");
        var bad = EngineFixture.Source(engine.PathOf("none.parquet"));
        await File.WriteAllTextAsync(bad.Path, "no parquet at all, but long enough to have a footer", _cancellation);
        await Assert.ThrowsAsync<EngineException>(async () =>
        {
            await using var copy = await connection.BeginRawBinaryCopyAsync("COPY loaded FROM STDIN (FORMAT BINARY)", _cancellation);
            try
            {
                await engine.Engine.CopyAsync(new CopyJob { Files = [good, bad], Fields = fields, LoadId = 1 }, new CopySink { OnData = copy.WriteAsync }, _cancellation);
            }
            catch
            {
                await copy.CancelAsync();
                throw;
            }
        });
        await using var count = new NpgsqlCommand("SELECT count(*) FROM loaded", connection);
        Assert.Equal(0L, await count.ExecuteScalarAsync(_cancellation));
    }

    private static LoadField Field(FieldType type) =>
        new() { Name = type.ToString().ToLowerInvariant(), Incoming = type.ToString(), Type = type, Scale = type == FieldType.Decimal ? 10 : 0 };

    private static string Digits(int count, int scale)
    {
        var digits = string.Concat(Enumerable.Range(1, count).Select(i => (char)('0' + (i % 10 == 0 ? 9 : i % 10))));
        return scale == 0 ? digits : $"{digits[..(count - scale)]}.{digits[(count - scale)..]}";
    }

    private static string Smallest(int scale) => scale == 0 ? "1" : $"0.{new string('0', scale - 1)}1";

    private async Task<string> LoadAsync(SourceFile file, LoadField[] fields)
    {
        await using var connection = await ConnectAsync();
        await CreateAsync(connection, fields);
        await CopyAsync(connection, file, fields);
        await using var read = new NpgsqlCommand("SELECT string_agg(replace(t, E'\\n', ' '), E'\\n' ORDER BY _row_no) FROM (SELECT _row_no, concat_ws('|', " + string.Join(", ", fields.Select(field => $"coalesce(\"{field.Name}\"::text, '∅')").Select((text, i) => fields[i].Type == FieldType.Boolean ? $"coalesce(left(\"{fields[i].Name}\"::text, 1), '∅')" : text)) + ", _load_id, _file_id, _row_no) AS t FROM loaded) rows", connection);
        return (string)(await read.ExecuteScalarAsync(_cancellation))!;
    }

    private async Task<NpgsqlConnection> ConnectAsync()
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(server.AdminConnectionString) { Options = "-c TimeZone=UTC", Pooling = false }.ConnectionString);
        await connection.OpenAsync(_cancellation);
        return connection;
    }

    private async Task CreateAsync(NpgsqlConnection connection, LoadField[] fields)
    {
        var columns = string.Concat(fields.Select(field => $"\"{field.Name}\" {field.Type.PostgresType(field.Precision, field.Scale)}, "));
        await using var create = new NpgsqlCommand($"DROP TABLE IF EXISTS pg_temp.loaded; CREATE TEMPORARY TABLE loaded ({columns}_load_id bigint, _file_id bigint, _row_no bigint)", connection);
        await create.ExecuteNonQueryAsync(_cancellation);
    }

    private async Task<CopySummary> CopyAsync(NpgsqlConnection connection, SourceFile file, LoadField[] fields)
    {
        await using var copy = await connection.BeginRawBinaryCopyAsync("COPY loaded FROM STDIN (FORMAT BINARY)", _cancellation);
        return await engine.Engine.CopyAsync(new CopyJob { Files = [file], Fields = fields, LoadId = 42 }, new CopySink { OnData = copy.WriteAsync }, _cancellation);
    }
}
