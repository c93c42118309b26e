using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Campaigns.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class CancelledUploads : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_dispatches_open",
                table: "dispatches");

            migrationBuilder.CreateIndex(
                name: "ix_dispatches_open",
                table: "dispatches",
                column: "created_at",
                filter: "state in ('preparing', 'queued', 'uploading', 'cancelled')");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_dispatches_open",
                table: "dispatches");

            migrationBuilder.CreateIndex(
                name: "ix_dispatches_open",
                table: "dispatches",
                column: "created_at",
                filter: "state in ('preparing', 'queued', 'uploading')");
        }
    }
}
