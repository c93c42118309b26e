using System.Runtime.CompilerServices;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Contracts.Scheduler;
using Platform.Scheduler.Alerts;
using Platform.Scheduler.Groups;
using Platform.Scheduler.Notifications;
using Platform.Scheduler.Runs;
using Platform.Scheduler.Schedules;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Scheduler.Persistence;

internal sealed class SchedulerDbContext(DbContextOptions<SchedulerDbContext> options) : DbContext(options)
{
    public DbSet<CourierGroup> CourierGroups => Set<CourierGroup>();

    public DbSet<GroupRun> GroupRuns => Set<GroupRun>();

    public DbSet<RunCourierRow> GroupRunCouriers => Set<RunCourierRow>();

    public DbSet<RegisteredSchedule> RegisteredSchedules => Set<RegisteredSchedule>();

    public DbSet<Notification> Notifications => Set<Notification>();

    public DbSet<AlertChannel> AlertChannels => Set<AlertChannel>();

    public DbSet<AlertDelivery> AlertDeliveries => Set<AlertDelivery>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configuration)
    {
        // Words in the database: a number there would change its meaning with the next value added to an enum.
        configuration.Properties<AlertChannelType>().HaveConversion<string>();
        configuration.Properties<CatchUpPolicy>().HaveConversion<string>();
        configuration.Properties<CourierState>().HaveConversion<string>();
        configuration.Properties<DeliveryState>().HaveConversion<string>();
        configuration.Properties<GroupRunState>().HaveConversion<string>();
        configuration.Properties<GroupRunTrigger>().HaveConversion<string>();
        configuration.Properties<GroupRunType>().HaveConversion<string>();
        configuration.Properties<ScheduleFrequency>().HaveConversion<string>();
        configuration.Properties<NotificationEvent>().HaveConversion<string>();
        configuration.Properties<Severity>().HaveConversion<string>();
        configuration.Properties<WhenMissing>().HaveConversion<string>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        CourierGroupTable(modelBuilder.Entity<CourierGroup>());
        GroupRunTable(modelBuilder.Entity<GroupRun>());
        RunCourierTable(modelBuilder.Entity<RunCourierRow>());
        ScheduleTable(modelBuilder.Entity<RegisteredSchedule>());
        AlertTables(modelBuilder);
        modelBuilder.AddMessaging();
        modelBuilder.UseSnakeCase();
    }

    private static void CourierGroupTable(EntityTypeBuilder<CourierGroup> group)
    {
        group.HasKey(g => g.Id);
        group.Ignore(g => g.Zone);
        group.Ignore(g => g.FileZone);
        group.Property(g => g.Settings).AsJson();
        group.HasIndex(g => g.Name).IsUnique().HasFilter("deleted_at is null");
        group.HasIndex(g => g.DueAt).HasFilter("due_at is not null");
    }

    private static void GroupRunTable(EntityTypeBuilder<GroupRun> run)
    {
        run.HasKey(r => r.Id);
        run.Ignore(r => r.IsActive);
        run.HasIndex(r => new { r.GroupId, r.SlotKey }).IsUnique();
        run.HasIndex(r => new { r.GroupId, r.Slot });
        run.HasIndex(r => r.GroupId, "IX_GroupRuns_Active").HasFilter("state in ('Waiting', 'Running')");
        run.HasIndex(r => r.EndedAt);
        run.Property(r => r.Request).AsJson();
        run.Property(r => r.Constraints).AsJson();
        run.HasMany(r => r.Couriers).WithOne().HasForeignKey(c => c.GroupRunId);
    }

    private static void RunCourierTable(EntityTypeBuilder<RunCourierRow> courier)
    {
        courier.ToTable("GroupRunCouriers");
        courier.HasKey(c => new { c.GroupRunId, c.CourierId });
        courier.Ignore(c => c.HasEnded);
        courier.HasIndex(c => c.CourierRunId).IsUnique();
        courier.Property(c => c.MissingFiles).AsJson();
    }

    private static void ScheduleTable(EntityTypeBuilder<RegisteredSchedule> schedule)
    {
        schedule.HasKey(s => new { s.Owner, s.ScheduleId });
        schedule.Ignore(s => s.Zone);
        schedule.Ignore(s => s.FollowsEnd);
        schedule.HasIndex(s => s.DueAt).HasFilter("due_at is not null");
    }

    private static void AlertTables(ModelBuilder model)
    {
        model.Entity<Notification>().HasIndex(n => n.At);
        model.Entity<AlertChannel>(channel =>
        {
            channel.HasIndex(c => c.Name).IsUnique();
            channel.Property(c => c.Smtp).AsJson();
            channel.Property(c => c.Webhook).AsJson();
            channel.Property(c => c.Campaigns).AsJson();
        });
        model.Entity<AlertDelivery>(delivery =>
        {
            delivery.ToTable("AlertDeliveries");
            delivery.HasIndex(d => d.NextAttemptAt).HasFilter("state = 'Pending'");
            delivery.HasIndex(d => d.ChannelId);
            delivery.HasIndex(d => d.NotificationId);
        });
    }
}

/// <summary>Documents in columns of type jsonb. They are replaced, never changed in place, so comparing references finds every change.</summary>
internal static class JsonColumns
{
    public static void AsJson<T>(this PropertyBuilder<T> property) => property.HasColumnType("jsonb").HasConversion(
        value => JsonSerializer.Serialize(value, PlatformJson.Options),
        text => JsonSerializer.Deserialize<T>(text, PlatformJson.Options)!,
        new ValueComparer<T>((a, b) => ReferenceEquals(a, b), value => RuntimeHelpers.GetHashCode(value), value => value));
}
