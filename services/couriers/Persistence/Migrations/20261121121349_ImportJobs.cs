using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Couriers.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class ImportJobs : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "diff",
                table: "courier_runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "files_from",
                table: "courier_runs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "new_files_only",
                table: "courier_runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "sequence_reached",
                table: "courier_runs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateTable(
                name: "import_jobs",
                columns: table => new
                {
                    id = table.Column<string>(type: "text", nullable: false),
                    name = table.Column<string>(type: "text", nullable: false),
                    definition = table.Column<string>(type: "json", nullable: false),
                    courier_id = table.Column<string>(type: "text", nullable: false),
                    feed_id = table.Column<string>(type: "text", nullable: false),
                    domain_table = table.Column<string>(type: "text", nullable: false),
                    pattern = table.Column<string>(type: "text", nullable: false),
                    format = table.Column<string>(type: "text", nullable: false),
                    keep_updated = table.Column<bool>(type: "boolean", nullable: false),
                    frequency = table.Column<string>(type: "text", nullable: true),
                    time_of_day = table.Column<TimeOnly>(type: "time without time zone", nullable: true),
                    time_zone = table.Column<string>(type: "text", nullable: true),
                    diff = table.Column<bool>(type: "boolean", nullable: false),
                    state = table.Column<string>(type: "text", nullable: false),
                    message = table.Column<string>(type: "text", nullable: true),
                    files_from = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    sequence_reached = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    files_imported = table.Column<int>(type: "integer", nullable: false),
                    generation = table.Column<int>(type: "integer", nullable: false),
                    slot = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: true),
                    run_id = table.Column<string>(type: "text", nullable: true),
                    created_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_at = table.Column<DateTimeOffset>(type: "timestamp with time zone", nullable: false),
                    updated_by = table.Column<string>(type: "text", nullable: false)
                },
                constraints: table =>
                {
                    table.PrimaryKey("pk_import_jobs", x => x.id);
                    table.ForeignKey(
                        name: "fk_import_jobs_couriers_courier_id",
                        column: x => x.courier_id,
                        principalTable: "couriers",
                        principalColumn: "id",
                        onDelete: ReferentialAction.Restrict);
                });

            migrationBuilder.CreateIndex(
                name: "ix_import_jobs_courier_id",
                table: "import_jobs",
                column: "courier_id");

            migrationBuilder.CreateIndex(
                name: "ix_import_jobs_name",
                table: "import_jobs",
                column: "name",
                unique: true);

            migrationBuilder.CreateIndex(
                name: "ix_import_jobs_run_id",
                table: "import_jobs",
                column: "run_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropTable(
                name: "import_jobs");

            migrationBuilder.DropColumn(
                name: "diff",
                table: "courier_runs");

            migrationBuilder.DropColumn(
                name: "files_from",
                table: "courier_runs");

            migrationBuilder.DropColumn(
                name: "new_files_only",
                table: "courier_runs");

            migrationBuilder.DropColumn(
                name: "sequence_reached",
                table: "courier_runs");
        }
    }
}
