using Microsoft.EntityFrameworkCore;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.OptimizelyBrevo.Persistence;

internal sealed class OptimizelyBrevoDbContext(DbContextOptions<OptimizelyBrevoDbContext> options) : DbContext(options)
{
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.AddMessaging();
        modelBuilder.UseSnakeCase();
    }
}
