using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Campaigns.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class ExamineImports : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            // Of imports that ended long ago nobody needs to be told.
            migrationBuilder.AddColumn<bool>(
                name: "examined",
                table: "response_runs",
                type: "boolean",
                nullable: false,
                defaultValue: true);

            migrationBuilder.AddColumn<bool>(
                name: "nothing_came",
                table: "response_runs",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "waves_put",
                table: "response_imports",
                type: "text",
                nullable: true);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "examined",
                table: "response_runs");

            migrationBuilder.DropColumn(
                name: "nothing_came",
                table: "response_runs");

            migrationBuilder.DropColumn(
                name: "waves_put",
                table: "response_imports");
        }
    }
}
