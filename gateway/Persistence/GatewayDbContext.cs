using Microsoft.EntityFrameworkCore;
using Platform.Gateway.Access;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Gateway.Persistence;

internal sealed class GatewayDbContext(DbContextOptions<GatewayDbContext> options) : DbContext(options)
{
    /// <summary>Name of the unique index that refuses a second valid key of the same name.</summary>
    public const string NameIndex = "ix_api_keys_name";

    public DbSet<ApiKey> ApiKeys => Set<ApiKey>();

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<ApiKey>(key =>
        {
            key.HasKey(row => row.Id);
            key.HasIndex(row => row.Prefix).IsUnique();
            key.HasIndex(row => row.Name).IsUnique().HasFilter("revoked_at is null");
            key.ToTable("ApiKeys");
        });
        modelBuilder.UseSnakeCase();
    }
}
