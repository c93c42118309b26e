using System.Buffers.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Npgsql;
using NpgsqlTypes;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>A domain table.</summary>
public sealed record DomainTableView
{
    /// <summary>Its name in the schema <c>domain</c>, for example <c>Optimizely:Events</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The feed it belongs to.</summary>
    public required string FeedId { get; init; }

    /// <summary>The feed's source.</summary>
    public required string Source { get; init; }

    /// <summary>Version of the definition in force.</summary>
    public required int Version { get; init; }

    /// <summary>Rows, exactly.</summary>
    public required long RowCount { get; init; }

    /// <summary>The columns that identify a row.</summary>
    public required IReadOnlyList<string> PrimaryKey { get; init; }

    /// <summary>The columns, in the order of the feed's fields; the platform's own last.</summary>
    public required IReadOnlyList<DomainColumnView> Columns { get; init; }
}

/// <summary>A column of a domain table.</summary>
public sealed record DomainColumnView
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary>The PostgreSQL type.</summary>
    public required string Type { get; init; }

    /// <summary>The value as SQL, for a field that has no column of its own but shares <c>_more</c> (a wide table); absent for columns.</summary>
    public string? Expression { get; init; }

    /// <summary>The column's name in the files; absent for the platform's own columns.</summary>
    public string? IncomingName { get; init; }

    /// <summary>The field's description.</summary>
    public string? Description { get; init; }

    /// <summary>What the values mean.</summary>
    public IReadOnlyList<string> SemanticTags { get; init; } = [];
}

internal static class DomainTableEndpoints
{
    public static void MapDomainTableEndpoints(this IEndpointRouteBuilder app)
    {
        var tables = app.MapGroup("/api/domain-tables").WithTags("domain tables").RequireAuthorization(Roles.Viewer);
        tables.MapGet("/", ListAsync).WithName("ListDomainTables").WithSummary("List domain tables");
        tables.MapGet("/{name}", GetAsync).WithName("GetDomainTable").WithSummary("Get a domain table with its columns and row count");
        tables.MapGet("/{name}/rows", RowsAsync).WithName("ListDomainTableRows").WithSummary("Rows of a domain table in order of its key, with the columns that tell load, file and row of origin");
        tables.MapGet("/{name}/loads", LoadsAsync).WithName("ListDomainTableLoads").WithSummary("Load history of a domain table, newest first");
    }

    private static async Task<Results<Ok<Page<DomainTableView>>, ProblemHttpResult>> ListAsync(
        FeedsDbContext database, CancellationToken cancellationToken, int limit = 50, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        var feeds = await database.Feeds.AsNoTracking()
            .Where(feed => feed.Active != null && (after == null || string.Compare(feed.DomainTable, after) > 0))
            .OrderBy(feed => feed.DomainTable).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<DomainTableView>.From([.. feeds.Select(View)], limit, table => table.Name));
    }

    private static async Task<Results<Ok<DomainTableView>, ProblemHttpResult>> GetAsync(string name, FeedsDbContext database, CancellationToken cancellationToken) =>
        await FindAsync(database, name, cancellationToken) is { } feed ? TypedResults.Ok(View(feed)) : Unknown(name).ToResult();

    private static async Task<Results<Ok<Page<JsonElement>>, ProblemHttpResult>> RowsAsync(
        string name, FeedsDbContext database, NpgsqlDataSource source, CancellationToken cancellationToken, int limit = 50, string? after = null)
    {
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        if (await FindAsync(database, name, cancellationToken) is not { } feed)
        {
            return Unknown(name).ToResult();
        }

        var table = feed.Table!;
        var keys = table.KeyColumns.ToList();
        if (!TryReadCursor(after, keys.Count, out var cursor))
        {
            return Refusal.Invalid("The rows cannot be listed", [new("$.after", "This is no cursor of this list. Use the 'next' of the page before, or leave it out.")]).ToResult();
        }

        // The key travels as text and is compared in its own type. row_to_json keeps every digit and the order of the columns; no column has a name like _row, as a column of that name would be meant.
        var types = table.KeyTypes.ToList();
        var beyond = cursor is null ? "" : $"where ({table.Key}) > ({string.Join(", ", types.Select((type, i) => $"cast(${i + 2} as {type})"))})";
        await using var query = source.CreateCommand(
            $"select row_to_json(_row)::text, array[{string.Join(", ", keys.Select(key => $"_row.{key}::text"))}] from (select {string.Join(", ", table.Columns)} from {table.Shell} {beyond} order by {table.Key} limit $1) _row");
        query.Parameters.Add(new() { Value = limit + 1 });
        foreach (var value in cursor ?? [])
        {
            query.Parameters.Add(new() { Value = value, NpgsqlDbType = NpgsqlDbType.Text });
        }

        var rows = new List<(JsonElement Row, string[] Key)>();
        try
        {
            await using var reader = await query.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                rows.Add((JsonSerializer.Deserialize<JsonElement>(reader.GetString(0)), reader.GetFieldValue<string[]>(1)));
            }
        }
        catch (PostgresException e) when (cursor is not null && e.SqlState.StartsWith("22", StringComparison.Ordinal))
        {
            return Refusal.Invalid("The rows cannot be listed", [new("$.after", "This cursor does not fit the table's key. Use the 'next' of the page before, or leave it out.")]).ToResult();
        }

        var next = rows.Count > limit ? Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(rows[limit - 1].Key)) : null;
        return TypedResults.Ok(new Page<JsonElement>([.. rows.Take(limit).Select(row => row.Row)], next));
    }

    private static async Task<Results<Ok<Page<LoadView>>, ProblemHttpResult>> LoadsAsync(
        string name, FeedsDbContext database, CancellationToken cancellationToken, int limit = 50, string? after = null)
    {
        long before = long.MaxValue;
        if (Paging.Check(limit) is { } refusal)
        {
            return refusal.ToResult();
        }

        if (after is not null && !long.TryParse(after, out before))
        {
            return Refusal.Invalid("The loads cannot be listed", [new("$.after", "This is no cursor of this list. Use the 'next' of the page before, or leave it out.")]).ToResult();
        }

        if (await FindAsync(database, name, cancellationToken) is not { } feed)
        {
            return Unknown(name).ToResult();
        }

        var loads = await database.Loads.AsNoTracking().Where(load => load.FeedId == feed.Id && load.LoadSeq < before)
            .OrderByDescending(load => load.LoadSeq).Take(limit + 1).ToListAsync(cancellationToken);
        return TypedResults.Ok(Page<LoadView>.From([.. loads.Select(load => LoadView.Of(load, feed.DomainTable))], limit, load => load.LoadSeq.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    internal static Task<Feed?> FindAsync(FeedsDbContext database, string name, CancellationToken cancellationToken) =>
        database.Feeds.AsNoTracking().FirstOrDefaultAsync(feed => feed.DomainTable == name && feed.Active != null, cancellationToken);

    internal static Refusal Unknown(string name) => Refusal.NotFound("domain table", name, "GET /api/domain-tables lists them; a feed has one once it is activated.");

    private static bool TryReadCursor(string? after, int keys, out string[]? cursor)
    {
        cursor = null;
        if (after is null)
        {
            return true;
        }

        try
        {
            cursor = JsonSerializer.Deserialize<string[]>(Base64Url.DecodeFromChars(after));
        }
        catch (Exception e) when (e is FormatException or JsonException)
        {
            return false;
        }

        return cursor?.Length == keys && Array.TrueForAll(cursor, value => value is not null);
    }

    private static DomainTableView View(Feed feed)
    {
        var table = feed.Table!;
        var own = DomainTable.Lineage.Select(column => new DomainColumnView { Name = column, Type = "bigint" });
        own = table.HasMore ? own.Prepend(new() { Name = DomainTable.More, Type = "jsonb", Description = "The fields beyond what a row holds, as one object without those that are null." }) : own;
        own = table.Definition.Keyless ? own.Concat(DomainTable.RowIdentity.Zip(table.KeyTypes, (column, type) => new DomainColumnView { Name = column, Type = type })) : own;
        return new()
        {
            Name = feed.DomainTable,
            FeedId = feed.Id,
            Source = feed.Source,
            Version = feed.Version,
            RowCount = feed.TableRows,
            PrimaryKey = feed.Active!.PrimaryKey,
            Columns =
            [
                .. feed.Active.Fields.Select(field => new DomainColumnView { Name = field.Name, Type = field.PostgresType, Expression = table.IsInMore(field.Name) ? table.ValueOf(field) : null, IncomingName = field.IncomingName, Description = field.Description, SemanticTags = field.SemanticTags }),
                .. table.Definition.GenerateUpdatedField ? own.Append(new() { Name = DomainTable.UpdatedAt, Type = "timestamp with time zone" }) : own,
            ],
        };
    }
}
