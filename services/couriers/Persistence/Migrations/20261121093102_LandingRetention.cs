using System;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Couriers.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class LandingRetention : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "removed_at",
                table: "landed_files",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_landed_files_kept",
                table: "landed_files",
                column: "landed_at",
                filter: "removed_at is null");

            migrationBuilder.CreateIndex(
                name: "ix_landed_files_location",
                table: "landed_files",
                column: "location");

            migrationBuilder.CreateIndex(
                name: "ix_landed_files_source",
                table: "landed_files",
                column: "source");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_landed_files_kept",
                table: "landed_files");

            migrationBuilder.DropIndex(
                name: "ix_landed_files_location",
                table: "landed_files");

            migrationBuilder.DropIndex(
                name: "ix_landed_files_source",
                table: "landed_files");

            migrationBuilder.DropColumn(
                name: "removed_at",
                table: "landed_files");
        }
    }
}
