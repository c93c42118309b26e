using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.ChangeTracking;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;
using Platform.Campaigns.Connections;
using Platform.Campaigns.Dispatches;
using Platform.Campaigns.Lists;
using Platform.Campaigns.Responses;
using Platform.Campaigns.Status;
using Platform.Contracts.Campaigns;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Messaging;
using Platform.ServiceDefaults.Persistence;

namespace Platform.Campaigns.Persistence;

internal sealed class CampaignsDbContext(DbContextOptions<CampaignsDbContext> options) : DbContext(options)
{
    public DbSet<Connection> Connections => Set<Connection>();

    public DbSet<RecipientList> RecipientLists => Set<RecipientList>();

    public DbSet<RecipientListVersion> ListVersions => Set<RecipientListVersion>();

    public DbSet<Dispatch> Dispatches => Set<Dispatch>();

    public DbSet<DispatchFile> DispatchFiles => Set<DispatchFile>();

    public DbSet<DispatchEvent> DispatchEvents => Set<DispatchEvent>();

    public DbSet<StatusFile> StatusFiles => Set<StatusFile>();

    public DbSet<ResponseImport> ResponseImports => Set<ResponseImport>();

    public DbSet<ResponseRun> ResponseRuns => Set<ResponseRun>();

    public DbSet<ToldFact> ToldFacts => Set<ToldFact>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<DispatchState>().HaveConversion<EnumAsWord<DispatchState>>();
        configurationBuilder.Properties<DispatchFileKind>().HaveConversion<EnumAsWord<DispatchFileKind>>();
        configurationBuilder.Properties<DispatchFileState>().HaveConversion<EnumAsWord<DispatchFileState>>();
        configurationBuilder.Properties<InvalidRows>().HaveConversion<EnumAsWord<InvalidRows>>();
        configurationBuilder.Properties<ResponseRunState>().HaveConversion<EnumAsWord<ResponseRunState>>();
        configurationBuilder.Properties<FactKind>().HaveConversion<EnumAsWord<FactKind>>();
        configurationBuilder.Properties<LineBreaks>().HaveConversion<EnumAsWord<LineBreaks>>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<Connection>(connection =>
        {
            connection.HasIndex(row => row.Name).IsUnique();
            connection.Property(row => row.LastStamp).HasColumnType("timestamp without time zone");
            AsJson(connection.Property(row => row.Settings));
        });
        modelBuilder.Entity<RecipientList>(list =>
        {
            list.HasIndex(row => new { row.ConnectionId, row.Name }).IsUnique();
            list.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<RecipientListVersion>(version =>
        {
            version.ToTable("RecipientListVersions");
            version.HasKey(row => new { row.ListId, row.Version });
            version.HasOne<RecipientList>().WithMany().HasForeignKey(row => row.ListId);
            AsJson(version.Property(row => row.Fields));
        });
        modelBuilder.Entity<Dispatch>(dispatch =>
        {
            dispatch.HasOne<RecipientListVersion>().WithMany().HasForeignKey(row => new { row.ListId, row.ListVersion }).OnDelete(DeleteBehavior.Restrict);
            dispatch.HasIndex(row => new { row.ConnectionId, row.Stamp }).IsUnique();
            dispatch.HasIndex(row => new { row.ConnectionId, row.SourceMailingId, row.WaveId });
            dispatch.HasIndex(row => row.CreatedAt, "ix_dispatches_open").HasFilter("state in ('preparing', 'queued', 'uploading', 'cancelled')");
            AsJson(dispatch.Property(row => row.Problems));
            AsJson(dispatch.Property(row => row.Warnings));
        });
        modelBuilder.Entity<DispatchFile>(file =>
        {
            file.HasKey(row => new { row.DispatchId, row.Kind });
            file.HasOne<Dispatch>().WithMany().HasForeignKey(row => row.DispatchId);
        });
        modelBuilder.Entity<DispatchEvent>(change =>
        {
            change.HasKey(row => row.No);
            change.HasIndex(row => row.DispatchId);
            change.HasOne<Dispatch>().WithMany().HasForeignKey(row => row.DispatchId);
        });
        modelBuilder.Entity<StatusFile>(file =>
        {
            file.HasKey(row => new { row.ConnectionId, row.Path });
            file.HasOne<Connection>().WithMany().HasForeignKey(row => row.ConnectionId);
        });
        modelBuilder.Entity<ResponseImport>(import =>
        {
            import.HasOne<Connection>().WithOne().HasForeignKey<ResponseImport>(row => row.Id).OnDelete(DeleteBehavior.Cascade);
            import.HasIndex(row => row.Source).IsUnique();
            AsJson(import.Property(row => row.Settings));
            AsJson(import.Property(row => row.Feeds));
            AsJson(import.Property(row => row.ToldUpTo));
        });
        modelBuilder.Entity<ResponseRun>(run =>
        {
            run.HasIndex(row => new { row.ConnectionId, row.RequestedAt });
            run.HasOne<ResponseImport>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<ToldFact>(fact =>
        {
            fact.HasKey(row => new { row.ConnectionId, row.Kind, row.MailingId, row.EmailSha256 });
            fact.HasOne<ResponseImport>().WithMany().HasForeignKey(row => row.ConnectionId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.AddMessaging();
        modelBuilder.UseSnakeCase();
    }

    private static void AsJson<T>(PropertyBuilder<T> property) => property.HasColumnType("jsonb").HasConversion(
        value => JsonSerializer.Serialize(value, PlatformJson.Options),
        text => JsonSerializer.Deserialize<T>(text, PlatformJson.Options)!,
        new ValueComparer<T>((left, right) => ReferenceEquals(left, right), value => value == null ? 0 : value.GetHashCode(), value => value));

    /// <summary>Enums are stored as the words the API uses, which SQL can read.</summary>
    private sealed class EnumAsWord<T>() : ValueConverter<T, string>(value => ToWord(value), word => FromWord(word))
        where T : struct, Enum
    {
        private static readonly Dictionary<string, T> Values = Enum.GetValues<T>().ToDictionary(ToWord);

        private static string ToWord(T value) =>
            typeof(T).GetField(value.ToString())!.GetCustomAttribute<JsonStringEnumMemberNameAttribute>()?.Name ?? JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

        private static T FromWord(string word) => Values[word];
    }
}
