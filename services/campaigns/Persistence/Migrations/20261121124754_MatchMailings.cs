using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Campaigns.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class MatchMailings : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "mailing_matched",
                table: "dispatches",
                type: "boolean",
                nullable: false,
                defaultValue: false);
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "mailing_matched",
                table: "dispatches");
        }
    }
}
