using System;
using System.Collections.Generic;
using Microsoft.EntityFrameworkCore.Migrations;

#nullable disable

namespace Platform.Couriers.Persistence.Migrations
{
    /// <inheritdoc />
    public partial class RunWindows : Migration
    {
        /// <inheritdoc />
        protected override void Up(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "accept_from",
                table: "courier_runs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "accept_through",
                table: "courier_runs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "file_time_zone",
                table: "courier_runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<string>(
                name: "group_run_id",
                table: "courier_runs",
                type: "text",
                nullable: true);

            migrationBuilder.AddColumn<List<string>>(
                name: "missing_files",
                table: "courier_runs",
                type: "text[]",
                nullable: false,
                defaultValueSql: "'{}'");

            migrationBuilder.AddColumn<DateTimeOffset>(
                name: "wait_until",
                table: "courier_runs",
                type: "timestamp with time zone",
                nullable: true);

            migrationBuilder.CreateIndex(
                name: "ix_run_files_file_id",
                table: "run_files",
                column: "file_id");
        }

        /// <inheritdoc />
        protected override void Down(MigrationBuilder migrationBuilder)
        {
            migrationBuilder.DropIndex(
                name: "ix_run_files_file_id",
                table: "run_files");

            migrationBuilder.DropColumn(
                name: "accept_from",
                table: "courier_runs");

            migrationBuilder.DropColumn(
                name: "accept_through",
                table: "courier_runs");

            migrationBuilder.DropColumn(
                name: "file_time_zone",
                table: "courier_runs");

            migrationBuilder.DropColumn(
                name: "group_run_id",
                table: "courier_runs");

            migrationBuilder.DropColumn(
                name: "missing_files",
                table: "courier_runs");

            migrationBuilder.DropColumn(
                name: "wait_until",
                table: "courier_runs");
        }
    }
}
