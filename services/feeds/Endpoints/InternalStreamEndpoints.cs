using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using Platform.Feeds.Definitions;
using Platform.Feeds.Loading;
using Platform.Feeds.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Feeds.Endpoints;

/// <summary>Feeds for the import jobs of the couriers service (R13): found by id or table, made and activated from the columns of a file.</summary>
internal static class InternalStreamEndpoints
{
    public static void MapInternalStreamEndpoints(this IEndpointRouteBuilder app)
    {
        var streams = app.MapGroup("/internal/feeds/streams").RequireAuthorization(Roles.Service);
        streams.MapPost("/find", FindAsync);
        streams.MapPost("", MakeAsync);
    }

    private static async Task<Ok<StreamAnswer>> FindAsync(StreamToFind request, FeedsDbContext database, CancellationToken cancellationToken)
    {
        var feed = await database.Feeds.AsNoTracking().FirstOrDefaultAsync(row => row.Id == request.Id || (request.DomainTable != null && row.DomainTable.ToLower() == request.DomainTable.ToLower()), cancellationToken);
        return TypedResults.Ok(new StreamAnswer(feed is null ? null : StreamView.Of(feed), []));
    }

    // The feed and its table come together or not at all: what cannot be activated is not left behind as a draft.
    private static async Task<Results<Ok<StreamAnswer>, ProblemHttpResult>> MakeAsync(StreamInput input, FeedsDbContext database, SampleFiles samples, LoadSignal signal, TimeProvider clock, CancellationToken cancellationToken)
    {
        var feed = input.ToFeed();
        var problems = DefinitionRules.CheckName(feed.Source, feed.Name);
        if (DefinitionRules.Read(feed, problems) is null || problems.Count > 0)
        {
            return TypedResults.Ok(new StreamAnswer(null, problems));
        }

        var created = await FeedEndpoints.CreateAsync(feed, database, samples, clock, cancellationToken);
        if (created.Result is not Created<FeedView> { Value: { } draft })
        {
            return (ProblemHttpResult)created.Result;
        }

        var activated = await ActivationEndpoints.ActivateAsync(draft.Id, database, signal, clock, cancellationToken);
        if (activated.Result is ProblemHttpResult problem)
        {
            await database.Feeds.Where(row => row.Id == draft.Id).ExecuteDeleteAsync(cancellationToken);
            return problem;
        }

        return TypedResults.Ok(new StreamAnswer(StreamView.Of(await database.Feeds.AsNoTracking().SingleAsync(row => row.Id == draft.Id, cancellationToken)), []));
    }

    private sealed record StreamToFind(string? Id, string? DomainTable);

    private sealed record StreamAnswer(StreamView? Feed, IReadOnlyList<FieldProblem> Problems);

    private sealed record StreamField(string IncomingName, string Name);

    private sealed record StreamView(string Id, string DomainTable, bool Active, bool Keyless, IReadOnlyList<string> Key, string? LastUpdated, IReadOnlyList<StreamField> Fields)
    {
        public static StreamView Of(Feed feed)
        {
            var definition = feed.Active ?? feed.Draft;
            return new(
                feed.Id, feed.DomainTable, feed is { Active: not null, DeactivatedAt: null }, definition.Keyless, [.. definition.KeyFields.Select(field => field.IncomingName)],
                definition.LastUpdated?.IncomingName, [.. definition.Fields.Select(field => new StreamField(field.IncomingName, field.Name))]);
        }
    }
}
