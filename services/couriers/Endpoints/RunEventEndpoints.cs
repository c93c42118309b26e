using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.EntityFrameworkCore;
using Platform.Couriers.Persistence;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

/// <summary>
/// The progress of a run as server-sent events (R10). Each event is the whole state of the run, so a client that missed some has lost nothing: after a cut it says the last id it saw and gets the next
/// change. The end is an event of its own; whoever reconnects after it is told by 204 that nothing more will come.
/// </summary>
internal static class RunEventEndpoints
{
    private const int MostListeners = 200;
    private const int IdBytes = 12;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(400);

    /// <summary>An unchanged state is repeated now and then, so that proxies between keep the connection.</summary>
    private static readonly TimeSpan Repeat = TimeSpan.FromSeconds(15);

    private static int _listeners;

    public static void MapRunEvents(this WebApplication app) =>
        app.MapGet("/api/courier-runs/{id}/events", Listen).RequireAuthorization(Roles.Viewer).WithTags("courier-runs")
            .WithName("ListenToCourierRun").WithSummary("Progress of a run as server-sent events: 'progress' at every change, 'ended' at the end");

    private static async Task<Results<ServerSentEventsResult<RunView>, NoContent, ProblemHttpResult>> Listen(
        string id, CouriersDbContext context, TimeProvider clock, IHostApplicationLifetime lifetime, HttpContext http, CancellationToken cancellationToken,
        [FromHeader(Name = "Last-Event-ID")] string? lastEventId = null)
    {
        if (await ReadAsync(context, id, cancellationToken) is not { } first)
        {
            return RunEndpoints.UnknownRun(id).ToResult();
        }

        if (IsEnd(first) && lastEventId == IdOf(first))
        {
            return TypedResults.NoContent();
        }

        if (Interlocked.Increment(ref _listeners) > MostListeners)
        {
            Interlocked.Decrement(ref _listeners);
            return new Refusal(StatusCodes.Status429TooManyRequests, "too-many-listeners", "Too many listeners",
                $"{MostListeners} clients listen to runs at this instance already. Ask again with GET /api/courier-runs/{id} in a while.").ToResult();
        }

        http.Response.OnCompleted(() =>
        {
            Interlocked.Decrement(ref _listeners);
            return Task.CompletedTask;
        });
        return TypedResults.ServerSentEvents(FollowAsync(context, first, lastEventId, clock, lifetime, cancellationToken));
    }

    private static async IAsyncEnumerable<SseItem<RunView>> FollowAsync(
        CouriersDbContext context, RunView run, string? lastEventId, TimeProvider clock, IHostApplicationLifetime lifetime, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.ApplicationStopping);
        var told = lastEventId;
        var toldAt = clock.GetTimestamp();
        while (true)
        {
            var id = IdOf(run);
            if (id != told || clock.GetElapsedTime(toldAt) >= Repeat)
            {
                yield return new(run, IsEnd(run) ? "ended" : "progress") { EventId = id };
                (told, toldAt) = (id, clock.GetTimestamp());
            }

            if (IsEnd(run) || !await WaitAsync(clock, stop.Token) || await ReadAsync(context, run.Id, cancellationToken) is not { } next)
            {
                yield break;
            }

            run = next;
        }
    }

    /// <summary>False when the listening ends: the client went, or the service stops and the client will find another instance.</summary>
    private static async Task<bool> WaitAsync(TimeProvider clock, CancellationToken stop)
    {
        try
        {
            await Task.Delay(Look, clock, stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async Task<RunView?> ReadAsync(CouriersDbContext context, string id, CancellationToken cancellationToken)
    {
        using var quiet = Telemetry.Quietly();
        return await context.Runs.AsNoTracking().SingleOrDefaultAsync(run => run.Id == id, cancellationToken) is { } run ? await RunEndpoints.ViewAsync(run, context, cancellationToken) : null;
    }

    private static bool IsEnd(RunView run) => run.EndedAt is not null;

    private static string IdOf(RunView run) => Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(run, PlatformJson.Options)).AsSpan(0, IdBytes));
}
