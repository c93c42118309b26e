using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.OptimizelyBrevo.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class CheckImportsAndHashedAddresses : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<bool>(
                name: "confirmed",
                table: "sync_changes",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<string>(
                name: "email_sha256",
                table: "decisions",
                type: "text",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_syncs_ended_at",
                table: "syncs",
                column: "ended_at");

            migrationBuilder.CreateIndex(
                name: "ix_sync_changes_sync_id_subject",
                table: "sync_changes",
                columns: new[] { "sync_id", "subject" });

            migrationBuilder.CreateIndex(
                name: "ix_conversion_events_occurred_at",
                table: "conversion_events",
                column: "occurred_at",
                filter: "payload <> '{}'");

            migrationBuilder.Sql("create index ix_contacts_email_sha256 on contacts (connection_id, sha256(email::bytea))");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.Sql("drop index ix_contacts_email_sha256");

            migrationBuilder.DropIndex(
                name: "ix_syncs_ended_at",
                table: "syncs");

            migrationBuilder.DropIndex(
                name: "ix_sync_changes_sync_id_subject",
                table: "sync_changes");

            migrationBuilder.DropIndex(
                name: "ix_conversion_events_occurred_at",
                table: "conversion_events");

            migrationBuilder.DropColumn(
                name: "confirmed",
                table: "sync_changes");

            migrationBuilder.DropColumn(
                name: "email_sha256",
                table: "decisions");
        }
    }
}
