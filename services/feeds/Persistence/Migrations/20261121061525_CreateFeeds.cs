using System;
using System.Collections.Generic;
using Microsoft.EntityFrameworkCore.Migrations;
using Npgsql.EntityFrameworkCore.PostgreSQL.Metadata;

#nullable disable

namespace Platform.Feeds.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class CreateFeeds : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "detached_partitions",
                columns: table => new
                {
                    name = table.Column<string>(type: "text", nullable: false),
                    feed_id = table.Column<string>(type: "text", nullable: false),
                    load_id = table.Column<string>(type: "text", nullable: false),
                    detached_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_detached_partitions", x => x.name);
                });

            migrationBuilder.CreateTable(
                name: "feeds",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    domain_table = table.Column<string>(type: "text", nullable: false),
                    draft = table.Column<string>(type: "jsonb", nullable: false),
                    active = table.Column<string>(type: "jsonb", nullable: true),
                    version = table.Column<int>(type: "integer", nullable: false),
                    sample_file_id = table.Column<string>(type: "text", nullable: true),
                    table_rows = table.Column<long>(type: "bigint", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    activated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    xmin = table.Column<uint>(type: "xid", rowVersion: true, nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_feeds", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "inbox_messages",
                columns: table => new
                {
                    message_id = table.Column<Guid>(type: "uuid", nullable: false),
                    consumer = table.Column<string>(type: "text", nullable: false),
                    received_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_inbox_messages", x => new { x.message_id, x.consumer });
                });

            migrationBuilder.CreateTable(
                name: "load_cancellations",
                columns: table => new
                {
                    load_id = table.Column<string>(type: "text", nullable: false),
                    requested_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_load_cancellations", x => x.load_id);
                });

            migrationBuilder.CreateTable(
                name: "outbox_messages",
                columns: table => new
                {
                    id = table.Column<Guid>(type: "uuid", nullable: false),
                    message_type = table.Column<string>(type: "text", nullable: false),
                    body = table.Column<string>(type: "text", nullable: false),
                    trace_parent = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_outbox_messages", x => x.id);
                });

            migrationBuilder.CreateTable(
                name: "loads",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    load_seq = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    feed_id = table.Column<string>(type: "text", nullable: false),
                    run_id = table.Column<string>(type: "text", nullable: true),
                    courier_id = table.Column<string>(type: "text", nullable: true),
                    sample_file_id = table.Column<string>(type: "text", nullable: true),
                    truncate = table.Column<bool>(type: "boolean", nullable: false),
                    tags = table.Column<List<string>>(type: "text[]", nullable: false),
                    state = table.Column<string>(type: "text", nullable: false),
                    phase = table.Column<string>(type: "text", nullable: false),
                    attempt = table.Column<int>(type: "integer", nullable: false),
                    failures = table.Column<int>(type: "integer", nullable: false),
                    next_attempt_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    lease_owner = table.Column<string>(type: "text", nullable: true),
                    lease_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    trace_parent = table.Column<string>(type: "text", nullable: true),
                    strategy = table.Column<string>(type: "text", nullable: true),
                    strategy_reason = table.Column<string>(type: "text", nullable: true),
                    failure = table.Column<string>(type: "text", nullable: true),
                    reason = table.Column<string>(type: "text", nullable: true),
                    feed_version = table.Column<int>(type: "integer", nullable: true),
                    files_listed = table.Column<bool>(type: "boolean", nullable: false),
                    files = table.Column<int>(type: "integer", nullable: false),
                    read = table.Column<long>(type: "bigint", nullable: false),
                    inserted = table.Column<long>(type: "bigint", nullable: false),
                    updated = table.Column<long>(type: "bigint", nullable: false),
                    unchanged = table.Column<long>(type: "bigint", nullable: false),
                    superseded = table.Column<long>(type: "bigint", nullable: false),
                    rejected = table.Column<long>(type: "bigint", nullable: false),
                    removed = table.Column<long>(type: "bigint", nullable: false),
                    table_rows = table.Column<long>(type: "bigint", nullable: true),
                    seconds = table.Column<string>(type: "json", nullable: false),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    started_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_loads", x => x.id);
                    table.ForeignKey(
                        name: "fk_loads_feeds_feed_id",
                        column: x => x.feed_id,
                        principalTable: "feeds",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "load_files",
                columns: table => new
                {
                    file_no = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    load_id = table.Column<string>(type: "text", nullable: false),
                    file_id = table.Column<string>(type: "text", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false),
                    file_name = table.Column<string>(type: "text", nullable: false),
                    location = table.Column<string>(type: "text", nullable: false),
                    tag = table.Column<string>(type: "text", nullable: false),
                    content_type = table.Column<string>(type: "text", nullable: false),
                    size = table.Column<long>(type: "bigint", nullable: false),
                    file_date = table.Column<DateOnly>(type: "date", nullable: true),
                    partitions = table.Column<string>(type: "jsonb", nullable: false),
                    read = table.Column<long>(type: "bigint", nullable: true),
                    rejected = table.Column<long>(type: "bigint", nullable: true),
                    unknown_columns = table.Column<List<string>>(type: "text[]", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_load_files", x => x.file_no);
                    table.ForeignKey(
                        name: "fk_load_files_loads_load_id",
                        column: x => x.load_id,
                        principalTable: "loads",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "rejected_values",
                columns: table => new
                {
                    id = table.Column<long>(type: "bigint", nullable: false)
                        .Annotation("Npgsql:ValueGenerationStrategy", NpgsqlValueGenerationStrategy.IdentityAlwaysColumn),
                    load_id = table.Column<string>(type: "text", nullable: false),
                    file_no = table.Column<long>(type: "bigint", nullable: false),
                    row_no = table.Column<long>(type: "bigint", nullable: false),
                    field = table.Column<string>(type: "text", nullable: false),
                    value = table.Column<string>(type: "text", nullable: true),
                    reason = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_rejected_values", x => x.id);
                    table.ForeignKey(
                        name: "fk_rejected_values_loads_load_id",
                        column: x => x.load_id,
                        principalTable: "loads",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_detached_partitions_detached_at",
                table: "detached_partitions",
                column: "detached_at");

            migrationBuilder.CreateIndex(
                name: "ix_feeds_domain_table",
                table: "feeds",
                column: "domain_table",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_inbox_messages_received_at",
                table: "inbox_messages",
                column: "received_at");

            migrationBuilder.CreateIndex(
                name: "ix_load_files_file_id",
                table: "load_files",
                column: "file_id");

            migrationBuilder.CreateIndex(
                name: "ix_load_files_load_id_file_no",
                table: "load_files",
                columns: new[] { "load_id", "file_no" },
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_loads_feed_id_load_seq",
                table: "loads",
                columns: new[] { "feed_id", "load_seq" });

            migrationBuilder.CreateIndex(
                name: "ix_loads_load_seq",
                table: "loads",
                column: "load_seq",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_loads_unfinished",
                table: "loads",
                column: "load_seq",
                filter: "state in ('queued','running')");

            migrationBuilder.CreateIndex(
                name: "ix_rejected_values_load_id_id",
                table: "rejected_values",
                columns: new[] { "load_id", "id" });

            // "Heap:Users" and "heap:users" would be two tables that nobody can tell apart.
            migrationBuilder.Sql("create unique index ix_feeds_domain_table_lower on feeds (lower(domain_table))");
            migrationBuilder.Sql("""
                create schema domain;
                create schema domain_parts;
                create schema staging;
                do $$ begin
                    if not exists (select from pg_roles where rolname = 'domain_reader') then
                        create role domain_reader nologin;
                    end if;
                exception
                    when duplicate_object or unique_violation then null;
                    when insufficient_privilege then
                        raise exception 'The role domain_reader does not exist, and % may not create it.', current_user using hint = 'Let a superuser run: create role domain_reader nologin;';
                end $$;
                grant usage on schema domain to domain_reader;
                """);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("drop schema staging cascade; drop schema domain cascade; drop schema domain_parts cascade;");

            migrationBuilder.DropTable(
                name: "detached_partitions");

            migrationBuilder.DropTable(
                name: "inbox_messages");

            migrationBuilder.DropTable(
                name: "load_cancellations");

            migrationBuilder.DropTable(
                name: "load_files");

            migrationBuilder.DropTable(
                name: "outbox_messages");

            migrationBuilder.DropTable(
                name: "rejected_values");

            migrationBuilder.DropTable(
                name: "loads");

            migrationBuilder.DropTable(
                name: "feeds");
        }
    }
}
