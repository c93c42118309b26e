using Microsoft.EntityFrameworkCore.Migrations;
using NpgsqlTypes;

#nullable disable

namespace Platform.OptimizelyBrevo.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class ReadTablesOnce : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Every row is changed once soon after it came: room beside it spares the indexes.
            migrationBuilder.Sql("alter table sync_changes set (fillfactor = 50)");
            migrationBuilder.Sql("alter table contacts set (fillfactor = 70)");

            migrationBuilder.DropColumn(
                name: "confirmed",
                table: "sync_changes");

            migrationBuilder.CreateTable(
                name: "source_positions",
                columns: table => new
                {
                    connection_id = table.Column<string>(type: "text", nullable: false),
                    table_name = table.Column<string>(type: "text", nullable: false),
                    kind = table.Column<string>(type: "text", nullable: false),
                    fingerprint = table.Column<string>(type: "text", nullable: false),
                    loads = table.Column<NpgsqlRange<long>[]>(type: "int8multirange", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_source_positions", x => new { x.connection_id, x.table_name, x.kind });
                    table.ForeignKey(
                        name: "fk_source_positions_connections_connection_id",
                        column: x => x.connection_id,
                        principalTable: "connections",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Cascade);
                });
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "source_positions");

            migrationBuilder.Sql("alter table sync_changes reset (fillfactor)");
            migrationBuilder.Sql("alter table contacts reset (fillfactor)");

            migrationBuilder.AddColumn<bool>(
                name: "confirmed",
                table: "sync_changes",
                type: "boolean",
                nullable: false,
                defaultValue: false);
        }
    }
}
