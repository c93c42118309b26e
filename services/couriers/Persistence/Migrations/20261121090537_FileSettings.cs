using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Couriers.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class FileSettings : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "settings",
                table: "run_files",
                type: "json",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<string>(
                name: "settings",
                table: "landed_files",
                type: "json",
                nullable: false,
                defaultValueSql: "'{}'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "settings",
                table: "run_files");

            migrationBuilder.DropColumn(
                name: "settings",
                table: "landed_files");
        }
    }
}
