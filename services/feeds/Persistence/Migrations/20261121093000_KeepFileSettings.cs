using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Feeds.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class KeepFileSettings : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "settings",
                table: "load_files",
                type: "jsonb",
                nullable: false,
                defaultValueSql: "'{}'::jsonb");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "settings",
                table: "load_files");
        }
    }
}
