-- The login that people and BI tools read domain tables with (docs/adr/0084). Run by a superuser in the database of the service feeds; again changes nothing.
-- The service gives it new passwords through the function below and has no other power over roles. It hands over a SCRAM verifier: the password itself never reaches the server.
select 'create role table_reader login in role domain_reader connection limit 50' where not exists (select from pg_roles where rolname = 'table_reader') \gexec
alter role table_reader set default_transaction_read_only = on;
select format('grant connect on database %I to table_reader', current_database()) \gexec

create schema if not exists table_reader;
revoke all on schema table_reader from public;
create or replace function table_reader.set_verifier(verifier text) returns void
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if verifier !~ '^SCRAM-SHA-256\$[0-9]{4,6}:[A-Za-z0-9+/=]{24}\$[A-Za-z0-9+/=]{44}:[A-Za-z0-9+/=]{44}$' then
        raise exception 'This is no SCRAM-SHA-256 verifier.' using errcode = 'invalid_parameter_value';
    end if;
    execute format('alter role table_reader password %L', verifier);
end $$;
revoke all on function table_reader.set_verifier(text) from public;
select format('grant usage on schema table_reader to %I', pg_get_userbyid(datdba)), format('grant execute on function table_reader.set_verifier(text) to %I', pg_get_userbyid(datdba))
    from pg_database where datname = current_database() \gexec
