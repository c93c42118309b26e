using Microsoft.EntityFrameworkCore;
using Platform.Gateway.Access;
using Platform.Gateway.Audit;
using Platform.Gateway.Idempotency;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Gateway.Persistence;

internal sealed class GatewayDbContext(DbContextOptions<GatewayDbContext> options) : DbContext(options)
{
    /// <summary>Name of the unique index that refuses a second valid key of the same name.</summary>
    public const string NameIndex = "ix_api_keys_name";

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();

    public DbSet<IdempotentRequest> IdempotentRequests => Set<IdempotentRequest>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ApiKey>(key =>
        {
            key.HasKey(row => row.Id);
            key.HasIndex(row => row.Prefix).IsUnique();
            key.HasIndex(row => row.Name).IsUnique().HasFilter("revoked_at is null");
            key.ToTable("ApiKeys");
        });
        modelBuilder.Entity<AuditEntry>(entry =>
        {
            entry.HasKey(row => row.Id);
            entry.HasIndex(row => new { row.Caller, row.Id });
            entry.HasIndex(row => row.At);
            entry.ToTable("AuditEntries");
        });
        modelBuilder.Entity<IdempotentRequest>(request =>
        {
            request.HasKey(row => new { row.CallerId, row.KeyHash });
            request.HasIndex(row => row.CreatedAt);
            request.ToTable("IdempotentRequests");
        });
        modelBuilder.UseSnakeCase();
    }
}
