using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Feeds.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class HoldAndDrift : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<string>(
                name: "drift",
                table: "loads",
                type: "jsonb",
                nullable: false,
                defaultValue: "[]");

            migrationBuilder.AddColumn<decimal>(
                name: "error_threshold_percent",
                table: "loads",
                type: "numeric",
                nullable: true);

            migrationBuilder.AddColumn<bool>(
                name: "truncate_approved",
                table: "loads",
                type: "boolean",
                nullable: false,
                defaultValue: false);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "deactivated_at",
                table: "feeds",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "kind",
                table: "detached_partitions",
                type: "text",
                nullable: false,
                defaultValue: "partition");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropColumn(
                name: "drift",
                table: "loads");

            migrationBuilder.DropColumn(
                name: "error_threshold_percent",
                table: "loads");

            migrationBuilder.DropColumn(
                name: "truncate_approved",
                table: "loads");

            migrationBuilder.DropColumn(
                name: "deactivated_at",
                table: "feeds");

            migrationBuilder.DropColumn(
                name: "kind",
                table: "detached_partitions");
        }
    }
}
