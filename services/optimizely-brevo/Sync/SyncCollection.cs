using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.OptimizelyBrevo.Brevo;
using Platform.OptimizelyBrevo.Connections;
using Platform.OptimizelyBrevo.Conversions;
using Platform.OptimizelyBrevo.DecisionEvents;
using Platform.OptimizelyBrevo.Decisions;
using Platform.OptimizelyBrevo.Optimizely;
using Platform.OptimizelyBrevo.Persistence;
using Platform.OptimizelyBrevo.Results;
using Platform.Postgres;

namespace Platform.OptimizelyBrevo.Sync;

/// <summary>The first half of a sync: everything that says what contacts should hold becomes staged rows, and these become changes.</summary>
internal sealed partial class SyncCollection(
    NpgsqlDataSource database, OptimizelyBrevoDbContext db, Datafiles datafiles, BrevoClient brevo, DomainTables tables, SourcePositions positions, Experiments experiments,
    ConversionQueue conversions, TimeProvider clock, ILogger<SyncCollection> logger)
{
    private const int CancelCheck = 10_000;

    public async Task<(SyncCounts Counts, AttributePlan Plan)> RunAsync(RowLease lease, SyncRun sync, Connection connection, CancellationToken cancellationToken)
    {
        var settings = connection.Settings;
        var plan = await AttributePlan.PrepareAsync(settings, brevo, sync.DryRun, cancellationToken);
        var projects = new List<Project>();
        foreach (var project in settings.Optimizely.Projects)
        {
            projects.Add((await datafiles.GetAsync(project, settings.Optimizely.UpdateInterval, cancellationToken)).Project);
        }

        if (settings.Sync.Experiments && sync.Scope is SyncScope.All or SyncScope.Decisions or SyncScope.Table)
        {
            await experiments.RefreshAsync(connection, olderThan: TimeSpan.FromMinutes(10), cancellationToken);
        }

        var known = await KnownExperiments.LoadAsync(db, connection.Id, projects, cancellationToken);
        await using var staging = await SyncStaging.OpenAsync(database, cancellationToken);
        using var users = new UserCollector(settings, plan, new(projects, sync.Request.Flags), clock.GetUtcNow());
        using var decisions = new DecisionCollector(settings, plan);
        var queued = 0L;
        if (sync.Scope is SyncScope.All or SyncScope.Decisions)
        {
            await CollectDecisionsAsync(sync, settings, staging, decisions, known, cancellationToken);
        }

        foreach (var user in sync.Scope == SyncScope.Users ? sync.Request.Users ?? [] : [])
        {
            users.Evaluation.Begin(user.UserId);
            foreach (var (name, value) in user.Attributes)
            {
                users.Evaluation.Set(name, value);
            }

            var email = user.Attributes.TryGetValue("email", out var given) && given.ValueKind == System.Text.Json.JsonValueKind.String ? given.GetString() : null;
            await staging.AddAsync(users.Row(user.UserId, email), cancellationToken);
        }

        if (sync is { Scope: SyncScope.List, Request.ListId: { } listId })
        {
            await CollectListAsync(settings, listId, staging, users, cancellationToken);
        }

        var readings = new List<TableReading>();
        foreach (var source in settings.Sources.Where(source => sync.Scope == SyncScope.All || (sync.Scope == SyncScope.Table && source.Table == sync.Request.Table)))
        {
            var reading = await positions.OpenAsync(connection.Id, source, Meaning(source, settings, plan, projects, known), cancellationToken);
            switch (source.Kind)
            {
                case SourceKind.Users:
                    await CollectUsersAsync(reading, staging, users, cancellationToken);
                    break;
                case SourceKind.Decisions when settings.Sync.Experiments:
                    await CollectEnrichedDecisionsAsync(reading, settings, staging, decisions, known, cancellationToken);
                    break;
                case SourceKind.Conversions when settings.Sync.Events && !sync.DryRun:
                    queued += await conversions.QueueFromTableAsync(connection, reading, tables, cancellationToken);
                    break;
            }

            readings.Add(reading);
        }

        if (sync.Scope == SyncScope.All)
        {
            await CollectWinnersAsync(connection, plan, staging, cancellationToken);
        }

        await staging.AddRetriesAsync(connection.Id, cancellationToken);
        var counts = await staging.ResolveAsync(lease, sync, settings.Brevo, queued, readings, cancellationToken);
        return (counts, plan);
    }

    /// <summary>All that decides what becomes of a row: when it changes, the table is read whole.</summary>
    private static string Meaning(SourceTable source, ConnectionSettings settings, AttributePlan plan, IReadOnlyList<Project> projects, KnownExperiments known)
    {
        var rest = source.Kind switch
        {
            SourceKind.Users => string.Join('\n', projects.Select(project => project.Sha256)),
            SourceKind.Decisions => known.Meaning(),
            _ => "",
        };
        return $"{System.Text.Json.JsonSerializer.Serialize(settings, ServiceDefaults.PlatformJson.Options)}\n{plan with { Created = [] }}\n{rest}";
    }

    private async Task CollectDecisionsAsync(SyncRun sync, ConnectionSettings settings, SyncStaging staging, DecisionCollector collector, KnownExperiments known, CancellationToken cancellationToken)
    {
        // Marked first, read after: what arrives meanwhile waits for the next sync. A repetition of this step finds its own marks.
        if (!sync.DryRun)
        {
            await db.Decisions.Where(row => row.ConnectionId == sync.ConnectionId && row.SyncId == null).ExecuteUpdateAsync(set => set.SetProperty(row => row.SyncId, sync.Id), cancellationToken);
        }

        var mark = sync.DryRun ? null : sync.Id;
        await foreach (var row in db.Decisions.AsNoTracking().Where(row => row.ConnectionId == sync.ConnectionId && row.SyncId == mark).OrderBy(row => row.Sequence).AsAsyncEnumerable().WithCancellation(cancellationToken))
        {
            // A flag's decision names its rule; only where the rule is an experiment is that the experiment's name.
            var experimentKey = row.Type == DecisionType.Flag && row.ExperimentKey is { } rule && !known.IsExperiment(rule) ? null : row.ExperimentKey;
            var email = row.Email ?? (row.EmailSha256 is null ? null : await FindAddressAsync(sync.ConnectionId, row.EmailSha256, cancellationToken));
            var refusal = known.Refusal(experimentKey) ?? (email is null && row.EmailSha256 is not null ? ContactAddress.NotKnown : null);
            var staged = refusal is not null
                ? StagedRow.Skip(StagedKind.Decision, row.UserId, refusal)
                : collector.Row(row.UserId, email, experimentKey, row.FeatureKey, row.VariationKey, row.Enabled, row.DecidedAt);
            if (settings.Debug is { Enabled: true, LogDecisions: true })
            {
                Decided(logger, sync.Id, Partners.Personal.MaskId(row.UserId), experimentKey ?? row.FeatureKey, row.VariationKey, staged.Skipped);
            }

            await staging.AddAsync(staged, cancellationToken);
        }
    }

    // Of a decision that came by the bus only the address's hash is known.
    private async Task<string?> FindAddressAsync(string connectionId, string sha256, CancellationToken cancellationToken)
    {
        if (sha256.Length != 64 || !sha256.All(char.IsAsciiHexDigit))
        {
            return null;
        }

        await using var command = database.CreateCommand("select email from contacts where connection_id = $1 and sha256(email::bytea) = $2");
        command.Parameters.Add(new() { Value = connectionId });
        command.Parameters.Add(new() { Value = Convert.FromHexString(sha256) });
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    private async Task CollectListAsync(ConnectionSettings settings, long listId, SyncStaging staging, UserCollector users, CancellationToken cancellationToken)
    {
        await foreach (var contact in brevo.ListMembersAsync(settings.Brevo, listId, modifiedSince: null, cancellationToken))
        {
            if (contact.Email is null)
            {
                await staging.AddAsync(StagedRow.Skip(StagedKind.Evaluation, $"Brevo contact {contact.Id}", "the contact has no e-mail address in Brevo"), cancellationToken);
                continue;
            }

            users.Evaluation.Begin(contact.Email);
            users.Evaluation.Set(contact.Attributes);
            users.Evaluation.Set("email", AttributeValue.Of(contact.Email));
            await staging.AddAsync(users.Row(contact.Email, contact.Email), cancellationToken);
        }
    }

    private async Task CollectUsersAsync(TableReading reading, SyncStaging staging, UserCollector users, CancellationToken cancellationToken)
    {
        var source = reading.Source;
        List<string> required = [source.UserId, .. source.Attributes.Keys];
        if (source.Email is not null)
        {
            required.Add(source.Email);
        }

        await foreach (var row in tables.ReadAsync(reading, required, ["attributes"], cancellationToken))
        {
            await staging.AddAsync(users.Row(row, source, staging.Rows + 1), cancellationToken);
            if (staging.Rows % CancelCheck == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
    }

    private async Task CollectEnrichedDecisionsAsync(
        TableReading reading, ConnectionSettings settings, SyncStaging staging, DecisionCollector collector, KnownExperiments known, CancellationToken cancellationToken)
    {
        var source = reading.Source;
        List<string> optional = ["attributes", "experiment_id", "is_holdback", .. source.Email is null ? Array.Empty<string>() : [source.Email]];
        await foreach (var row in tables.ReadAsync(reading, [source.UserId, "variation_id", "timestamp"], optional, cancellationToken))
        {
            var userId = row.Text(source.UserId) ?? "";
            // Since October 2023 the export may leave the experiment out; the variation tells which it was.
            var decided = known.Resolve(row.Text("experiment_id"), row.Text("variation_id"));
            var refusal = decided.Refusal
                ?? row.Unreadable("attributes")
                ?? (row.Time("timestamp") is null ? "the row has no timestamp" : null)
                ?? (row.Boolean("is_holdback") == true ? "the visitor was held back from the campaign" : null);
            var staged = refusal is not null
                ? StagedRow.Skip(StagedKind.Decision, userId, refusal)
                : collector.Row(
                    userId, ContactAddress.Of(row.Text(source.Email) ?? ContactAddress.In(row.Json("attributes")), userId), decided.ExperimentKey, decided.FeatureKey, decided.VariationKey,
                    decided.Enabled, row.Time("timestamp")!.Value);
            if (settings.Debug is { Enabled: true, LogDecisions: true, LogLevel: DebugLevel.Verbose })
            {
                Decided(logger, source.Table, Partners.Personal.MaskId(userId), decided.ExperimentKey, decided.VariationKey, staged.Skipped);
            }

            await staging.AddAsync(staged, cancellationToken);
        }
    }

    private async Task CollectWinnersAsync(Connection connection, AttributePlan plan, SyncStaging staging, CancellationToken cancellationToken)
    {
        var winners = connection.Settings.Winners;
        if (winners is { Attribute: null, ListId: null })
        {
            return;
        }

        using var values = new AttributeValues(connection.Settings.Brevo.EraseMissing);
        var won = await db.Experiments.AsNoTracking().Where(row => row.ConnectionId == connection.Id && row.WinnerKey != null).OrderBy(row => row.ExperimentId).ToListAsync(cancellationToken);
        foreach (var experiment in won)
        {
            values.Begin();
            values.Add(plan.Winner, $"{experiment.Key}: {experiment.WinnerKey}");
            await staging.AddWinnersAsync(connection.Id, experiment.Key, experiment.WinnerKey!, values.End(), winners.ListId, cancellationToken);
        }
    }

    [LoggerMessage(EventId = 720, Level = LogLevel.Information, Message = "Decision ({Origin}): user {User}, {Experiment}, variation {Variation}; skipped: {Skipped}")]
    private static partial void Decided(ILogger logger, string origin, string user, string? experiment, string? variation, string? skipped);
}
