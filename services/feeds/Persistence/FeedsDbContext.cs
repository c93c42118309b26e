using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Contracts.Failures;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Feeds.Persistence;

internal sealed class FeedsDbContext(DbContextOptions<FeedsDbContext> options) : DbContext(options)
{
    public DbSet<Feed> Feeds => Set<Feed>();

    public DbSet<Load> Loads => Set<Load>();

    public DbSet<LoadFile> LoadFiles => Set<LoadFile>();

    public DbSet<RejectedValue> RejectedValues => Set<RejectedValue>();

    public DbSet<LoadCancellation> LoadCancellations => Set<LoadCancellation>();

    public DbSet<DetachedPartition> DetachedPartitions => Set<DetachedPartition>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Feed>(MapFeeds);
        modelBuilder.Entity<Load>(MapLoads);
        modelBuilder.Entity<LoadFile>(MapLoadFiles);
        modelBuilder.Entity<RejectedValue>(MapRejectedValues);
        modelBuilder.Entity<LoadCancellation>().HasKey(cancellation => cancellation.LoadId);
        modelBuilder.Entity<DetachedPartition>(MapDetachedPartitions);
        modelBuilder.AddMessaging();
        modelBuilder.UseSnakeCase();
    }

    private static void MapFeeds(EntityTypeBuilder<Feed> feed)
    {
        feed.HasKey(row => row.Id);
        feed.HasIndex(row => row.DomainTable).IsUnique();
        Json(feed.Property(row => row.Draft));
        Json(feed.Property(row => row.Active));
        feed.Property(row => row.Beyond).HasDefaultValueSql("'{}'::text[]");
        feed.Ignore(row => row.Table);
        feed.Property<uint>("xmin").IsRowVersion();
    }

    private static void MapLoads(EntityTypeBuilder<Load> load)
    {
        load.HasKey(row => row.Id);
        load.Property(row => row.LoadSeq).UseIdentityAlwaysColumn();
        load.HasIndex(row => row.LoadSeq).IsUnique();
        load.HasIndex(row => new { row.FeedId, row.LoadSeq });
        load.HasIndex(row => row.LoadSeq, "ix_loads_unfinished").HasFilter("state in ('queued','running')");
        load.HasOne<Feed>().WithMany().HasForeignKey(row => row.FeedId).OnDelete(DeleteBehavior.Cascade);
        load.Property(row => row.State).HasConversion(state => state.ToString().ToLowerInvariant(), text => Enum.Parse<LoadState>(text, ignoreCase: true));
        load.Property(row => row.Failure).HasConversion(
            failure => failure == null ? null : JsonNamingPolicy.CamelCase.ConvertName(failure.Value.ToString()),
            text => text == null ? null : Enum.Parse<FailureCategory>(text, ignoreCase: true));
        Json(load.Property(row => row.Drift));
        Json(load.Property(row => row.Seconds)).HasColumnType("json"); // jsonb would lose the order of the steps
    }

    private static void MapLoadFiles(EntityTypeBuilder<LoadFile> file)
    {
        file.HasKey(row => row.FileNo);
        file.Property(row => row.FileNo).UseIdentityAlwaysColumn();
        file.HasIndex(row => new { row.LoadId, row.FileNo }).IsUnique();
        file.HasIndex(row => row.FileId);
        file.HasOne<Load>().WithMany().HasForeignKey(row => row.LoadId).OnDelete(DeleteBehavior.Cascade);
        Json(file.Property(row => row.Partitions));
        Json(file.Property(row => row.Settings)).HasDefaultValueSql("'{}'::jsonb");
        Json(file.Property(row => row.Previous));
    }

    private static void MapRejectedValues(EntityTypeBuilder<RejectedValue> value)
    {
        value.HasKey(row => row.Id);
        value.Property(row => row.Id).UseIdentityAlwaysColumn();
        value.HasIndex(row => new { row.LoadId, row.Id });
        value.HasOne<Load>().WithMany().HasForeignKey(row => row.LoadId).OnDelete(DeleteBehavior.Cascade);
    }

    private static void MapDetachedPartitions(EntityTypeBuilder<DetachedPartition> partition)
    {
        partition.HasKey(row => row.Name);
        partition.HasIndex(row => row.DetachedAt);
    }

    // Read and written as a whole; never queried into.
    private static PropertyBuilder<T> Json<T>(PropertyBuilder<T> property) => property
        .HasColumnType("jsonb")
        .HasConversion(
            value => JsonSerializer.Serialize(value, PlatformJson.Options),
            text => JsonSerializer.Deserialize<T>(text, PlatformJson.Options)!,
            new ValueComparer<T>(
                (one, other) => JsonSerializer.Serialize(one, PlatformJson.Options) == JsonSerializer.Serialize(other, PlatformJson.Options),
                value => JsonSerializer.Serialize(value, PlatformJson.Options).GetHashCode(StringComparison.Ordinal),
                value => value));
}
