using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Platform.Contracts.Couriers;
using Platform.Contracts.Failures;
using Platform.Contracts.Scheduler;
using Platform.Couriers.Definitions;
using Platform.Couriers.Imports;
using Platform.Couriers.Landing;
using Platform.Couriers.Runs;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Couriers.Persistence;

internal sealed class CouriersDbContext(DbContextOptions<CouriersDbContext> options) : DbContext(options)
{
    public DbSet<Courier> Couriers => Set<Courier>();

    public DbSet<CourierRun> Runs => Set<CourierRun>();

    public DbSet<RunFile> RunFiles => Set<RunFile>();

    public DbSet<RunLoad> RunLoads => Set<RunLoad>();

    public DbSet<LandedFile> LandedFiles => Set<LandedFile>();

    public DbSet<ImportJob> ImportJobs => Set<ImportJob>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<RunMode>().HaveConversion<EnumAsWord<RunMode>>();
        configurationBuilder.Properties<RunState>().HaveConversion<EnumAsWord<RunState>>();
        configurationBuilder.Properties<RunPhase>().HaveConversion<EnumAsWord<RunPhase>>();
        configurationBuilder.Properties<RunLoadState>().HaveConversion<EnumAsWord<RunLoadState>>();
        configurationBuilder.Properties<ImportJobState>().HaveConversion<EnumAsWord<ImportJobState>>();
        configurationBuilder.Properties<ImportFormat>().HaveConversion<EnumAsWord<ImportFormat>>();
        configurationBuilder.Properties<ScheduleFrequency>().HaveConversion<EnumAsWord<ScheduleFrequency>>();
        configurationBuilder.Properties<FailureCategory>().HaveConversion<EnumAsWord<FailureCategory>>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Courier>(courier =>
        {
            courier.HasIndex(row => row.Name).IsUnique();

            // json, not jsonb: what is given back is what was sent, in its order.
            courier.Property(row => row.Settings).HasColumnType("json");
            courier.Property(row => row.Entities).HasColumnType("json");
            courier.Property(row => row.LoadOperations).HasColumnType("json");
        });
        modelBuilder.Entity<CourierRun>(run =>
        {
            run.ToTable("CourierRuns");
            run.HasIndex(row => new { row.CourierId, row.Id });
            run.HasIndex(row => row.CourierId, "ix_courier_runs_one_running").IsUnique().HasFilter("state = 'running'");
            run.HasIndex(row => row.RequestedAt, "ix_courier_runs_open").HasFilter("state in ('queued', 'running')");
        });
        modelBuilder.Entity<RunFile>(file =>
        {
            file.HasKey(row => new { row.RunId, row.FileNo });
            file.Property(row => row.Partitions).HasColumnType("json");
            file.Property(row => row.Settings).HasColumnType("json").HasDefaultValueSql("'{}'");
            file.HasOne<CourierRun>().WithMany().HasForeignKey(row => row.RunId);
            file.HasIndex(row => row.FileId);
        });
        modelBuilder.Entity<RunLoad>(load =>
        {
            load.Ignore(row => row.Rows);
            load.Ignore(row => row.IsOpen);
            load.HasIndex(row => new { row.RunId, row.LoadNo }).IsUnique();
            load.HasOne<CourierRun>().WithMany().HasForeignKey(row => row.RunId);
        });
        modelBuilder.Entity<LandedFile>(file =>
        {
            file.Property(row => row.Partitions).HasColumnType("json");
            file.Property(row => row.Settings).HasColumnType("json").HasDefaultValueSql("'{}'");
            file.HasIndex(row => new { row.CourierId, row.Source, row.Id });
            file.HasIndex(row => row.RunId);
            file.HasIndex(row => row.Source);
            file.HasIndex(row => row.Location);
            file.HasIndex(row => row.LandedAt, "ix_landed_files_kept").HasFilter("removed_at is null");
        });
        modelBuilder.Entity<ImportJob>(job =>
        {
            job.HasIndex(row => row.Name).IsUnique();
            job.HasIndex(row => row.RunId);
            job.Ignore(row => row.ScheduleId);
            job.Property(row => row.Definition).HasColumnType("json");
            job.HasOne<Courier>().WithMany().HasForeignKey(row => row.CourierId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.AddMessaging();
        modelBuilder.UseSnakeCase();
    }

    /// <summary>Enums are stored as the words the API uses, which SQL can read.</summary>
    private sealed class EnumAsWord<T>() : ValueConverter<T, string>(value => ToWord(value), word => Enum.Parse<T>(word, true))
        where T : struct, Enum
    {
        private static string ToWord(T value) => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());
    }
}
