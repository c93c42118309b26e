using System.Data.Common;
using System.Runtime.CompilerServices;
using System.Text.Json;
using Npgsql;
using Platform.OptimizelyBrevo.Decisions;
using Platform.OptimizelyBrevo.Partners;
using Platform.ServiceDefaults;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>A source table cannot be read as the connection says; the message names what was found and what is needed.</summary>
internal sealed class SourceException(string message) : Exception(message);

/// <summary>
/// Domain tables of the feed registry, read through the role <c>domain_reader</c> (docs/adr/0012). Setting <c>ConnectionStrings:DomainTables</c>. Rows stream; a table larger than memory is fine.
/// </summary>
internal sealed class DomainTables(IConfiguration configuration, ServiceIdentity identity) : IAsyncDisposable
{
    /// <summary>Number of the load that last changed a row.</summary>
    private const string Load = "_load_id";

    private readonly Lazy<NpgsqlDataSource> _database = new(() =>
    {
        var text = configuration.GetConnectionString("DomainTables")
            ?? throw new SourceException("Domain tables cannot be read: the setting ConnectionStrings:DomainTables is missing. It is the connection string of the role domain_reader to the database feeds.");
        return NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(text) { ApplicationName = identity.Name, Timezone = "UTC", MaxPoolSize = 4 }.ConnectionString);
    });

    /// <summary>
    /// The rows of a table that <paramref name="reading"/> has not seen yet, as text, number, boolean or JSON by column. <paramref name="optional"/> columns may be missing and are null then.
    /// </summary>
    public async IAsyncEnumerable<SourceRow> ReadAsync(TableReading reading, IReadOnlyList<string> required, IReadOnlyList<string> optional, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var table = reading.Source.Table;
        await using var connection = await _database.Value.OpenConnectionAsync(cancellationToken);
        var (id, types) = await ColumnsAsync(connection, table, cancellationToken);
        var missing = required.Where(column => !types.ContainsKey(column)).ToList();
        if (missing.Count > 0)
        {
            throw new SourceException($"The domain table '{table}' has no column {string.Join(", ", missing.Select(column => $"'{column}'"))}; it has {string.Join(", ", types.Keys.Where(name => !name.StartsWith('_')))}.");
        }

        var columns = required.Concat(optional.Where(types.ContainsKey)).Distinct(StringComparer.Ordinal).ToList();
        // A table that was dropped and made anew counts its loads from the beginning: its number in the catalogue tells it from the old one.
        var tellsLoads = types.GetValueOrDefault(Load) == "bigint";
        var read = tellsLoads ? reading.Begin($"{id}\n{string.Join('\n', columns.Select(column => $"{column} {types[column]}"))}") : null;
        var expressions = columns.Select(column => Expression(column, types[column])).Concat(tellsLoads ? [Load] : []);
        var unread = read is null ? "" : $" where not $1::int8multirange @> {Load}";
        await using var command = new NpgsqlCommand($"select {string.Join(", ", expressions)} from domain.{Quote(table)}{unread}", connection) { CommandTimeout = 0 };
        if (read is not null)
        {
            command.Parameters.Add(new() { Value = read, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Unknown });
        }

        await using var reader = await ExecuteAsync(command, table, cancellationToken);
        var row = new SourceRow(columns);
        while (await reader.ReadAsync(cancellationToken))
        {
            row.Read(reader);
            if (tellsLoads)
            {
                reading.Saw(reader.GetInt64(columns.Count));
            }

            yield return row;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_database.IsValueCreated)
        {
            await _database.Value.DisposeAsync();
        }
    }

    private static async Task<NpgsqlDataReader> ExecuteAsync(NpgsqlCommand command, string table, CancellationToken cancellationToken)
    {
        try
        {
            return await command.ExecuteReaderAsync(System.Data.CommandBehavior.SequentialAccess, cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedTable)
        {
            throw new SourceException($"The domain table '{table}' cannot be read ({e.MessageText}). The role of ConnectionStrings:DomainTables must be allowed to select from schema domain.");
        }
    }

    private static async Task<(uint Id, Dictionary<string, string> Types)> ColumnsAsync(NpgsqlConnection connection, string table, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""
            select column_name, data_type, format('%I.%I', table_schema, table_name)::regclass::oid from information_schema.columns
            where table_schema = 'domain' and table_name = $1 order by ordinal_position
            """, connection)
        {
            Parameters = { new() { Value = table } },
        };
        var id = 0u;
        var types = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            types.Add(reader.GetString(0), reader.GetString(1));
            id = reader.GetFieldValue<uint>(2);
        }

        return types.Count > 0 ? (id, types) : throw new SourceException($"There is no domain table '{table}' that can be read. GET /api/domain-tables lists them; names are case-sensitive, for example Optimizely:Decisions.");
    }

    private static string Expression(string column, string type) => type switch
    {
        "boolean" or "double precision" => Quote(column),
        "smallint" or "integer" or "bigint" or "numeric" or "real" => $"{Quote(column)}::double precision",
        "timestamp with time zone" => Quote(column),
        "timestamp without time zone" or "date" => $"{Quote(column)}::timestamp at time zone 'UTC'",
        _ => $"{Quote(column)}::text",
    };

    private static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}

/// <summary>The present row; filled again for each.</summary>
internal sealed class SourceRow(IReadOnlyList<string> columns)
{
    private readonly object?[] _values = new object?[columns.Count];

    public void Read(DbDataReader reader)
    {
        for (var i = 0; i < _values.Length; i++)
        {
            _values[i] = reader.IsDBNull(i) ? null : reader.GetValue(i);
        }
    }

    public string? Text(string? column) => Value(column) switch
    {
        null => null,
        string text => text,
        double number => number.ToString("R", System.Globalization.CultureInfo.InvariantCulture),
        var other => Convert.ToString(other, System.Globalization.CultureInfo.InvariantCulture),
    };

    public double? Number(string column) => Value(column) switch
    {
        double number => number,
        string text when double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };

    public bool? Boolean(string column) => Value(column) switch
    {
        bool value => value,
        "true" => true,
        "false" => false,
        _ => null,
    };

    /// <summary>A time stamp, also one in milliseconds since 1970 as Optimizely exports it.</summary>
    public DateTimeOffset? Time(string column) => Value(column) switch
    {
        DateTime time => new DateTimeOffset(DateTime.SpecifyKind(time, DateTimeKind.Utc)),
        DateTimeOffset time => time,
        double milliseconds and >= 0 and < 253402300800000 => DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds),
        string text when DateTimeOffset.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.AssumeUniversal, out var time) => time,
        _ => null,
    };

    /// <summary>Why the JSON of a column cannot be read, or null. A column of type jsonb always can.</summary>
    public string? Unreadable(string column) => Value(column) is string text && !WholeTexts.In(text)
        ? $"the JSON in the column '{column}' holds half of a character (one of \\ud800 to \\udfff without its other half); correct it where it comes from"
        : null;

    /// <summary>Undefined when the column is missing, null, no JSON or unreadable.</summary>
    public JsonElement Json(string column)
    {
        if (Value(column) is not string { Length: > 0 } text || text[0] is not ('{' or '[') || !WholeTexts.In(text))
        {
            return default;
        }

        try
        {
            return JsonElement.Parse(text);
        }
        catch (JsonException)
        {
            // Text that only begins like JSON is an ordinary text, which has no members.
            return default;
        }
    }

    public AttributeValue Attribute(string column) => Value(column) switch
    {
        null => AttributeValue.Null,
        bool value => AttributeValue.Of(value),
        double number => AttributeValue.Of(number),
        string text => AttributeValue.Of(text),
        DateTime time => AttributeValue.Of(time.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture)),
        _ => AttributeValue.Other,
    };

    private object? Value(string? column)
    {
        for (var i = 0; i < columns.Count; i++)
        {
            if (columns[i] == column)
            {
                return _values[i];
            }
        }

        return null;
    }
}
