using Microsoft.AspNetCore.Http.HttpResults;
using Npgsql;
using Platform.Feeds.Definitions;
using Platform.Feeds.Tables;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>Views over domain tables that sister services keep beside them, under names of the same form. Whoever reads the tables reads the views.</summary>
internal static class DomainViewEndpoints
{
    /// <summary>Begins the comment of such a view, by which it is known.</summary>
    private const string Made = "Kept by the platform. ";

    public static void MapDomainViews(this IEndpointRouteBuilder app) => app.MapPut("/internal/domain-views", PutAsync).RequireAuthorization(Roles.Service);

    private static async Task<Results<NoContent, ProblemHttpResult>> PutAsync(DomainView view, NpgsqlDataSource database, CancellationToken cancellationToken)
    {
        // One statement: whatever ends it would begin another.
        if (DefinitionRules.CheckName(view.Source, view.Name) is { Count: > 0 } problems || view.Select.Contains(';'))
        {
            return Refusal.Invalid("The view", [new("$.select", "Expected a source and name such as those of feeds, and one SELECT without ';'.")]).ToResult();
        }

        var name = $"{DomainTable.Schema}.{DomainTable.Quote(DefinitionRules.DomainTableName(view.Source, view.Name))}";
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        try
        {
            await connection.ExecuteAsync("set local lock_timeout = '5s'", cancellationToken);
            await MakeAsync(connection, transaction, name, view.Select, cancellationToken);

            // A view reads with its owner's rights, which reach further than those of its readers: it may show what they may read, and nothing else.
            var beyond = await connection.ScalarAsync<long>($"""
                select count(*) from pg_depend d join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass join pg_class c on c.oid = d.refobjid and d.refclassid = 'pg_class'::regclass
                    join pg_namespace n on n.oid = c.relnamespace
                where r.ev_class = {DomainTable.Literal(name)}::regclass and n.nspname <> {DomainTable.Literal(DomainTable.Schema)}
                """, cancellationToken);
            if (beyond > 0)
            {
                return Refusal.Invalid("The view", [new("$.select", "It reads relations that are no domain tables.")]).ToResult();
            }

            await connection.ExecuteAsync($"comment on view {name} is {DomainTable.Literal(Made + view.Comment)}", cancellationToken);
            await connection.ExecuteAsync($"grant select on {name} to domain_reader", cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return TypedResults.NoContent();
        }
        catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.WrongObjectType or PostgresErrorCodes.DependentObjectsStillExist or PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.LockNotAvailable)
        {
            return Refusal.Conflict("view-not-made", "The view cannot be made", $"{name}: {e.MessageText}").ToResult();
        }
    }

    /// <summary>Replaces the view, so that those of people over it stay; where its columns are others, it has to be made anew.</summary>
    private static async Task MakeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string name, string select, CancellationToken cancellationToken)
    {
        const string before = "before";
        await transaction.SaveAsync(before, cancellationToken);
        try
        {
            await connection.ExecuteAsync($"create or replace view {name} as {select}", cancellationToken);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.InvalidTableDefinition)
        {
            await transaction.RollbackAsync(before, cancellationToken);
            await connection.ExecuteAsync($"drop view {name}", cancellationToken);
            await connection.ExecuteAsync($"create view {name} as {select}", cancellationToken);
        }
    }

    /// <summary>Drops the views that sister services keep over a table which is to go; views of others stay, and keep it.</summary>
    internal static Task<int> DropViewsOfAsync(NpgsqlConnection connection, string shell, CancellationToken cancellationToken) => connection.ExecuteAsync($"""
        do $$ declare made regclass; begin
            for made in select distinct r.ev_class::regclass from pg_depend d join pg_rewrite r on r.oid = d.objid and d.classid = 'pg_rewrite'::regclass
                where d.refobjid = {DomainTable.Literal(shell)}::regclass and starts_with(obj_description(r.ev_class, 'pg_class'), {DomainTable.Literal(Made)})
            loop execute format('drop view %s', made); end loop;
        end $$
        """, cancellationToken);

    private sealed record DomainView(string Source, string Name, string Select, string Comment);
}
