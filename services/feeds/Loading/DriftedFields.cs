using Microsoft.EntityFrameworkCore;
using Npgsql;
using Platform.Contracts.Failures;
using Platform.Contracts.Feeds;
using Platform.Feeds.Definitions;
using Platform.Feeds.Persistence;
using Platform.Feeds.Tables;
using Platform.Files.Engine;
using Platform.ServiceDefaults.Messaging;

namespace Platform.Feeds.Loading;

/// <summary>
/// The drift policy <c>add</c>: columns of the files that the feed does not know become fields and columns before the load (F12). The caller holds the feed's lock. What is added
/// stays when the load fails: it is empty then.
/// </summary>
internal sealed class DriftedFields(IServiceScopeFactory scopes, Engine engine, SourceFiles sources, TimeProvider clock)
{
    /// <summary>Whether the feed was changed.</summary>
    public async Task<bool> AddAsync(LoadAttempt attempt, CancellationToken cancellationToken)
    {
        var unknown = await FindAsync(attempt, cancellationToken);
        if (unknown.Count == 0)
        {
            return false;
        }

        await using var scope = scopes.CreateAsyncScope();
        var database = scope.ServiceProvider.GetRequiredService<FeedsDbContext>();
        await using var transaction = await database.Database.BeginTransactionAsync(cancellationToken);
        var feed = await database.LockFeedAsync(attempt.Feed.Id, cancellationToken)
            ?? throw new LoadFailedException(FailureCategory.Configuration, $"The feed {attempt.Feed.Id} was deleted.");
        var wanted = WithFields(feed.Active!, unknown.Select(found => found.Column));
        var problems = DefinitionRules.CheckSize(wanted);
        if (problems.Count > 0)
        {
            throw new LoadFailedException(FailureCategory.Configuration, $"The files have {unknown.Count} columns the feed does not know, and the policy 'add' cannot take them: {problems[0].Problem}");
        }

        var own = (NpgsqlConnection)database.Database.GetDbConnection();
        var plan = await ActivationPlan.MakeAsync(own, feed, wanted, new(ClearTable: false, DropColumns: false), cancellationToken);
        await new TableActivation(own, clock).ApplyAsync(plan, feed.Table, feed.Version + 1, cancellationToken);
        var draftIsActive = FeedDefinition.Same(feed.Draft, feed.Active!);
        (feed.Active, feed.Beyond) = (wanted, [.. plan.Wanted.Beyond]);
        feed.Draft = draftIsActive ? wanted : WithFields(feed.Draft, unknown.Select(found => found.Column));
        (feed.Version, feed.UpdatedAt) = (feed.Version + 1, clock.GetUtcNow());
        database.Publish(new FeedActivated { FeedId = feed.Id, Version = feed.Version, DomainTable = feed.DomainTable }, clock);
        await database.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        attempt.Drift.AddRange(unknown.Select(found => new DriftNote(found.File, found.Column.Name, found.Column.FileType, "added",
            $"It is a field of type {SampleMatch.Describe(found.Column)} since version {feed.Version} of the feed.")));
        return true;
    }

    private async Task<List<(string File, InferredField Column)>> FindAsync(LoadAttempt attempt, CancellationToken cancellationToken)
    {
        var known = attempt.Table.Definition.Fields.Select(field => field.IncomingName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var unknown = new List<(string, InferredField)>();
        using var all = await sources.OpenAsync(attempt.Files, $"load {attempt.Load.Id}", cancellationToken);
        foreach (var (file, opened) in attempt.Files.Zip(all))
        {
            var columns = await engine.InferAsync(opened, cancellationToken);
            unknown.AddRange(columns.Where(column => SchemaDrift.IsOwn(column) && known.Add(column.Name)).Select(column => (file.Source, column)));
        }

        return unknown;
    }

    private static FeedDefinition WithFields(FeedDefinition definition, IEnumerable<InferredField> columns)
    {
        var incoming = definition.Fields.Select(field => field.IncomingName).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var taken = definition.Fields.Select(field => field.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var added = DraftFromSample.Fields(columns.Where(column => !incoming.Contains(column.Name)), taken).Select(field => new FieldDefinition
        {
            IncomingName = field.IncomingName!,
            Name = field.Name!,
            Type = field.Type!.Value,
            Precision = field.Precision,
            Scale = field.Scale,
            Pattern = field.Pattern,
            SemanticTags = [.. field.SemanticTags!.OfType<string>()],
        });
        return definition with { Fields = [.. definition.Fields, .. added] };
    }
}
