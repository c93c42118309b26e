using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.OptimizelyBrevo.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class KeepEventsFromTheirQueueing : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_conversion_events_occurred_at",
                table: "conversion_events");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "queued_at",
                table: "conversion_events",
                type: "timestamp with time zone",
                nullable: false,
                defaultValueSql: "clock_timestamp()");

            migrationBuilder.CreateIndex(
                name: "ix_conversion_events_queued_at",
                table: "conversion_events",
                column: "queued_at",
                filter: "payload <> '{}'");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_conversion_events_queued_at",
                table: "conversion_events");

            migrationBuilder.DropColumn(
                name: "queued_at",
                table: "conversion_events");

            migrationBuilder.CreateIndex(
                name: "ix_conversion_events_occurred_at",
                table: "conversion_events",
                column: "occurred_at",
                filter: "payload <> '{}'");
        }
    }
}
