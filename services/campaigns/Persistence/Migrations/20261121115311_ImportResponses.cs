using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Campaigns.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class ImportResponses : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.CreateTable(
                name: "response_imports",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    settings = table.Column<string>(type: "jsonb", nullable: false),
                    source = table.Column<string>(type: "text", nullable: false),
                    courier_id = table.Column<string>(type: "text", nullable: false),
                    feeds = table.Column<string>(type: "jsonb", nullable: false),
                    set_up_for = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    told_up_to = table.Column<string>(type: "jsonb", nullable: false),
                    work = table.Column<long>(type: "bigint", nullable: false),
                    done = table.Column<long>(type: "bigint", nullable: false),
                    not_before = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    fault = table.Column<string>(type: "text", nullable: true),
                    attempt = table.Column<int>(type: "integer", nullable: false),
                    lease_owner = table.Column<string>(type: "text", nullable: true),
                    lease_until = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_response_imports", x => x.id);
                    table.ForeignKey(
                        name: "fk_response_imports_connections_id",
                        column: x => x.id,
                        principalTable: "connections",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "response_runs",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    connection_id = table.Column<string>(type: "text", nullable: false),
                    state = table.Column<string>(type: "text", nullable: false),
                    force = table.Column<bool>(type: "boolean", nullable: false),
                    message = table.Column<string>(type: "text", nullable: true),
                    files = table.Column<int>(type: "integer", nullable: true),
                    requested_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    requested_by = table.Column<string>(type: "text", nullable: false),
                    ended_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_response_runs", x => x.id);
                    table.ForeignKey(
                        name: "fk_response_runs_response_imports_connection_id",
                        column: x => x.connection_id,
                        principalTable: "response_imports",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateTable(
                name: "told_facts",
                columns: table => new
                {
                    connection_id = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false),
                    mailing_id = table.Column<long>(type: "bigint", nullable: false),
                    email_sha256 = table.Column<byte[]>(type: "bytea", nullable: false),
                    told_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_told_facts", x => new { x.connection_id, x.kind, x.mailing_id, x.email_sha256 });
                    table.ForeignKey(
                        name: "fk_told_facts_response_imports_connection_id",
                        column: x => x.connection_id,
                        principalTable: "response_imports",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });

            migrationBuilder.CreateIndex(
                name: "ix_response_imports_source",
                table: "response_imports",
                column: "source",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_response_runs_connection_id_requested_at",
                table: "response_runs",
                columns: new[] { "connection_id", "requested_at" });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "response_runs");

            migrationBuilder.DropTable(
                name: "told_facts");

            migrationBuilder.DropTable(
                name: "response_imports");
        }
    }
}
