using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Conversions;
using Platform.OptimizelyBrevo.DecisionEvents;
using Platform.OptimizelyBrevo.Partners;
using Platform.OptimizelyBrevo.Results;
using Platform.OptimizelyBrevo.Sync;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.OptimizelyBrevo.Persistence;

internal sealed class OptimizelyBrevoDbContext(DbContextOptions<OptimizelyBrevoDbContext> options) : DbContext(options)
{
    public DbSet<Connection> Connections => Set<Connection>();

    public DbSet<SyncRun> Syncs => Set<SyncRun>();

    public DbSet<SyncChange> SyncChanges => Set<SyncChange>();

    public DbSet<SyncBatch> SyncBatches => Set<SyncBatch>();

    public DbSet<ContactState> Contacts => Set<ContactState>();

    public DbSet<Assignment> Assignments => Set<Assignment>();

    public DbSet<DecisionEvent> Decisions => Set<DecisionEvent>();

    public DbSet<ConversionEvent> ConversionEvents => Set<ConversionEvent>();

    public DbSet<ConversionBatch> ConversionBatches => Set<ConversionBatch>();

    public DbSet<ExperimentInfo> Experiments => Set<ExperimentInfo>();

    public DbSet<ResultSnapshot> ResultSnapshots => Set<ResultSnapshot>();

    public DbSet<SourcePosition> SourcePositions => Set<SourcePosition>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<SourceKind>().HaveConversion<string>();
        configurationBuilder.Properties<SyncState>().HaveConversion<string>();
        configurationBuilder.Properties<SyncScope>().HaveConversion<string>();
        configurationBuilder.Properties<SyncPhase>().HaveConversion<string>();
        configurationBuilder.Properties<ChangeOutcome>().HaveConversion<string>();
        configurationBuilder.Properties<BatchKind>().HaveConversion<string>();
        configurationBuilder.Properties<BatchState>().HaveConversion<string>();
        configurationBuilder.Properties<DecisionType>().HaveConversion<string>();
        configurationBuilder.Properties<ConversionDirection>().HaveConversion<string>();
        configurationBuilder.Properties<ConversionState>().HaveConversion<string>();
        configurationBuilder.Properties<ConversionBatchState>().HaveConversion<string>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Connection>(connection =>
        {
            connection.HasKey(row => row.Id);
            connection.HasIndex(row => row.Name).IsUnique();
            Json(connection.Property(row => row.Settings));
            Json(connection.Property(row => row.Variables));
        });
        modelBuilder.Entity<SyncRun>(sync =>
        {
            sync.ToTable("Syncs");
            sync.HasKey(row => row.Id);
            sync.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
            sync.HasIndex(row => new { row.ConnectionId, row.Id });
            sync.HasIndex(row => row.State).HasFilter("state in ('Queued', 'Running')");
            sync.HasIndex(row => row.EndedAt);
            // Two syncs of one connection would send each other's differences.
            sync.HasIndex(row => row.ConnectionId, "IX_Syncs_OneRunning").IsUnique().HasFilter("state = 'Running'");
            Json(sync.Property(row => row.Request));
            Json(sync.Property(row => row.Counts));
        });
        modelBuilder.Entity<SyncChange>(change =>
        {
            change.HasKey(row => new { row.SyncId, row.No });
            change.HasOne<SyncRun>().WithMany().HasForeignKey(row => row.SyncId).OnDelete(DeleteBehavior.Cascade);
            change.HasIndex(row => new { row.SyncId, row.BatchNo });
            change.HasIndex(row => new { row.SyncId, row.Subject });
            change.Property(row => row.Attributes).HasColumnType("jsonb");
        });
        modelBuilder.Entity<SyncBatch>(batch =>
        {
            batch.HasKey(row => new { row.SyncId, row.No });
            batch.HasOne<SyncRun>().WithMany().HasForeignKey(row => row.SyncId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<ContactState>(contact =>
        {
            contact.ToTable("Contacts");
            contact.HasKey(row => new { row.ConnectionId, row.Email });
            contact.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
            contact.Property(row => row.Desired).HasColumnType("jsonb");
            contact.Property(row => row.Sent).HasColumnType("jsonb");
            contact.HasIndex(row => new { row.ConnectionId, row.RetryAt }).HasFilter("retry_at is not null");
        });
        modelBuilder.Entity<Assignment>(assignment =>
        {
            assignment.HasKey(row => new { row.ConnectionId, row.ExperimentKey, row.Email });
            assignment.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<DecisionEvent>(decision =>
        {
            decision.ToTable("Decisions");
            decision.HasKey(row => new { row.ConnectionId, row.Id });
            decision.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
            decision.Property(row => row.Sequence).UseIdentityAlwaysColumn();
            decision.HasIndex(row => new { row.ConnectionId, row.Sequence }).HasFilter("sync_id is null");
        });
        modelBuilder.Entity<ConversionEvent>(conversion =>
        {
            conversion.HasKey(row => row.Id);
            conversion.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
            conversion.HasIndex(row => row.BatchId);
            conversion.Property(row => row.QueuedAt).HasDefaultValueSql("clock_timestamp()");
            conversion.HasIndex(row => row.QueuedAt).HasFilter("payload <> '{}'");
            conversion.Property(row => row.Payload).HasColumnType("jsonb");
        });
        modelBuilder.Entity<ConversionBatch>(batch =>
        {
            batch.HasKey(row => row.Id);
            batch.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
            batch.HasIndex(row => row.State).HasFilter("state in ('Ready', 'Sending')");
        });
        modelBuilder.Entity<ExperimentInfo>(experiment =>
        {
            experiment.ToTable("Experiments");
            experiment.HasKey(row => new { row.ConnectionId, row.ExperimentId });
            experiment.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
            experiment.HasIndex(row => row.ResultsDueAt);
            Json(experiment.Property(row => row.Variations));
        });
        modelBuilder.Entity<ResultSnapshot>(snapshot =>
        {
            snapshot.HasKey(row => new { row.ConnectionId, row.ExperimentId, row.FetchedAt });
            snapshot.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
            snapshot.Property(row => row.Results).HasColumnType("jsonb");
        });
        modelBuilder.Entity<SourcePosition>(position => position.HasKey(row => new { row.ConnectionId, row.TableName, row.Kind }));
        modelBuilder.Entity<SourcePosition>().HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
        modelBuilder.Entity<RateBudget>(budget =>
        {
            budget.ToTable("RateBudgets");
            budget.HasKey(row => row.Key);
        });

        modelBuilder.AddMessaging();
        modelBuilder.UseSnakeCase();
    }

    private static void Json<T>(PropertyBuilder<T> property)
        where T : class =>
        property.HasColumnType("jsonb").HasConversion(
            value => JsonSerializer.Serialize(value, PlatformJson.Options),
            text => JsonSerializer.Deserialize<T>(text, PlatformJson.Options)!,
            new ValueComparer<T>(
                (left, right) => JsonSerializer.Serialize(left, PlatformJson.Options) == JsonSerializer.Serialize(right, PlatformJson.Options),
                value => JsonSerializer.Serialize(value, PlatformJson.Options).GetHashCode(StringComparison.Ordinal),
                value => JsonSerializer.Deserialize<T>(JsonSerializer.Serialize(value, PlatformJson.Options), PlatformJson.Options)!));
}
