using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Feeds.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class RowsKnown : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<long>(
                name: "known",
                table: "load_files",
                type: "bigint",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "previous",
                table: "load_files",
                type: "jsonb",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "known",
                table: "load_files");

            migrationBuilder.DropColumn(
                name: "previous",
                table: "load_files");
        }
    }
}
