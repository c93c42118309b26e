using System.Diagnostics;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Platform.Credentials.Secrets;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Credentials.Persistence;

internal sealed class CredentialsDbContext(DbContextOptions<CredentialsDbContext> options) : DbContext(options)
{
    /// <summary>Name of the unique index that refuses a second credential of the same name.</summary>
    public const string NameIndex = "ix_credentials_name";

    public DbSet<Credential> Credentials => Set<Credential>();

    public DbSet<SecretRequest> SecretRequests => Set<SecretRequest>();

    public DbSet<KeyRotation> KeyRotations => Set<KeyRotation>();

    public DbSet<AuditEntry> AuditEntries => Set<AuditEntry>();

    /// <summary>Loads a credential's sealed secret and locks its row, so that a rotation of the master keys and a change of the secret never mix their parts.</summary>
    public Task LockSecretAsync(string credentialId, CancellationToken cancellationToken) =>
        Set<SealedSecret>().FromSql($"select * from sealed_secrets where credential_id = {credentialId} for update").LoadAsync(cancellationToken);

    /// <summary>Adds an audit entry, committed together with what it speaks of.</summary>
    public void Audit(Credential credential, AuditedAction action, string caller, DateTimeOffset at, string? detail = null) => Audit(credential.Id, credential.Name, action, caller, at, detail);

    /// <summary>The same for a credential that does not exist yet.</summary>
    public void Audit(string credentialId, string credentialName, AuditedAction action, string caller, DateTimeOffset at, string? detail = null) => AuditEntries.Add(new()
    {
        At = at,
        Caller = caller,
        Action = action,
        CredentialId = credentialId,
        CredentialName = credentialName,
        Detail = detail,
        TraceId = Activity.Current?.TraceId.ToHexString(),
    });

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Credential>(credential =>
        {
            credential.HasKey(row => row.Id);
            credential.HasIndex(row => row.Name).IsUnique();
            AsJson(credential.Property(row => row.Labels));
            AsJson(credential.Property(row => row.Fields));
            credential.HasOne(row => row.Secret).WithOne().HasForeignKey<SealedSecret>(secret => secret.CredentialId).OnDelete(DeleteBehavior.Cascade);
            credential.ToTable("Credentials");
        });
        modelBuilder.Entity<SealedSecret>(secret =>
        {
            secret.HasKey(row => row.CredentialId);
            secret.ToTable("SealedSecrets");
        });
        modelBuilder.Entity<KeyRotation>(rotation =>
        {
            rotation.HasKey(row => row.Id);
            rotation.ToTable("KeyRotations");
        });
        modelBuilder.Entity<KeyCheck>(check =>
        {
            check.HasKey(row => row.Generation);
            check.Property(row => row.Generation).ValueGeneratedNever();
            check.ToTable("KeyChecks");
        });
        modelBuilder.Entity<SecretRequest>(request =>
        {
            request.HasKey(row => row.Id);
            request.HasIndex(row => row.TokenHash).IsUnique();
            AsJson(request.Property(row => row.Labels));
            AsJson(request.Property(row => row.Fields));
            request.ToTable("SecretRequests");
        });
        modelBuilder.Entity<AuditEntry>(entry =>
        {
            entry.HasKey(row => row.Id);
            entry.Property(row => row.Action).HasConversion<string>();
            entry.HasIndex(row => new { row.CredentialId, row.Id });
            entry.ToTable("AuditEntries");
        });
        modelBuilder.AddMessaging();
        modelBuilder.UseSnakeCase();
    }

    private static void AsJson(PropertyBuilder<Dictionary<string, string>> property) => property.HasColumnType("jsonb").HasConversion(
        value => JsonSerializer.Serialize(value, JsonSerializerOptions.Default),
        text => JsonSerializer.Deserialize<Dictionary<string, string>>(text, JsonSerializerOptions.Default)!,
        new ValueComparer<Dictionary<string, string>>(
            (left, right) => left!.Count == right!.Count && !left.Except(right).Any(),
            value => value.Count,
            value => new Dictionary<string, string>(value)));
}
