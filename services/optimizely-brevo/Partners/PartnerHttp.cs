using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;
using Polly.Timeout;
using Platform.ServiceDefaults;

namespace Platform.OptimizelyBrevo.Partners;

/// <summary>What a call is, beside its HTTP request.</summary>
/// <param name="Partner">Optimizely or Brevo.</param>
/// <param name="Name">For spans and counters, for example <c>POST /contacts/batch</c>; never with ids in it.</param>
/// <param name="Budgets">All of them are waited for.</param>
/// <param name="Repeatable">Doing it twice is the same as once; only then a call without a clear answer is repeated.</param>
internal sealed record PartnerCall(string Partner, string Name, IReadOnlyList<Budget> Budgets, bool Repeatable);

/// <summary>
/// Every call to a partner goes through here: it waits for its budget, is repeated after 429 when the partner's reset is over, and after faults of the network or the
/// partner when that is safe. This is the one retry layer of partner calls.
/// </summary>
internal sealed partial class PartnerHttp(HttpClient http, Budgets budgets, IOptions<PartnerOptions> options, TimeProvider clock, ILogger<PartnerHttp> logger)
{
    private const int RefusedTries = 12;
    private const int FailedTries = 4;
    private static readonly TimeSpan ShortestBlock = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestBlock = TimeSpan.FromHours(1);
    private static readonly ResiliencePropertyKey<PartnerCall> Call = new("call");
    private static readonly System.Diagnostics.Metrics.Counter<long> Calls = Telemetry.Meter.CreateCounter<long>("platform.partner.calls", description: "Calls to partners by partner, call and status.");

    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline = Build(options.Value, clock);

    /// <summary>Sends what <paramref name="request"/> makes, anew for each try. The answer is any that is neither 429 nor a fault; a fault that stays is a <see cref="PartnerException"/>.</summary>
    public async Task<HttpResponseMessage> SendAsync(PartnerCall call, Func<HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        using var span = Telemetry.Source.StartActivity($"{call.Partner} {call.Name}", ActivityKind.Client);
        var context = ResilienceContextPool.Shared.Get(cancellationToken);
        context.Properties.Set(Call, call);
        try
        {
            return await _pipeline.ExecuteAsync(async attempt => await TryAsync(call, request, attempt.CancellationToken), context);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException or IOException)
        {
            var what = e is TimeoutRejectedException ? $"no answer within {options.Value.Timeout.TotalSeconds:0} seconds" : "the connection failed";
            throw new PartnerException(call.Partner, null, null, $"{call.Name}: {what}. The partner or the network is disturbed; it is tried again with the next run.", e);
        }
        finally
        {
            ResilienceContextPool.Shared.Return(context);
        }
    }

    private async Task<HttpResponseMessage> TryAsync(PartnerCall call, Func<HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        await budgets.WaitAsync(call.Budgets, cancellationToken);
        using var message = request();
        message.Headers.UserAgent.Add(new ProductInfoHeaderValue("courier-platform", "1"));
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.Value.Timeout);
        HttpResponseMessage response;
        try
        {
            response = await http.SendAsync(message, HttpCompletionOption.ResponseContentRead, patience.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutRejectedException("No answer in time.", e);
        }

        Calls.Add(1, new("partner", call.Partner), new("call", call.Name), new("status", (int)response.StatusCode));
        if (response.StatusCode == HttpStatusCode.TooManyRequests)
        {
            var wait = ResetOf(response);
            Refused(logger, call.Partner, call.Name, wait.TotalSeconds);
            await budgets.BlockAsync(call.Budgets, wait, cancellationToken);
        }

        return response;
    }

    private static ResiliencePipeline<HttpResponseMessage> Build(PartnerOptions options, TimeProvider clock) =>
        new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = clock }
            // The wait itself lies in the shared budget, which was blocked until the partner's reset.
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = RefusedTries,
                Delay = TimeSpan.Zero,
                ShouldHandle = args => ValueTask.FromResult(args.Outcome.Result is { StatusCode: HttpStatusCode.TooManyRequests }),
            })
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = FailedTries,
                Delay = options.RetryDelay,
                MaxDelay = TimeSpan.FromSeconds(30),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = args => ValueTask.FromResult(
                    args.Context.Properties.GetValue(Call, null!).Repeatable
                    && args.Outcome is { Exception: HttpRequestException or TimeoutRejectedException or IOException } or { Result.StatusCode: >= HttpStatusCode.InternalServerError }),
            })
            .Build();

    // Optimizely says Retry-After, Brevo x-sib-ratelimit-reset; both in seconds, and neither is certain.
    private TimeSpan ResetOf(HttpResponseMessage response)
    {
        var wait = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - clock.GetUtcNow(),
            _ when response.Headers.TryGetValues("x-sib-ratelimit-reset", out var values)
                && double.TryParse(values.FirstOrDefault(), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds)
                && double.IsFinite(seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, LongestBlock.TotalSeconds)),
            _ => TimeSpan.FromSeconds(10),
        };
        return wait < ShortestBlock ? ShortestBlock : wait > LongestBlock ? LongestBlock : wait;
    }

    [LoggerMessage(EventId = 700, Level = LogLevel.Warning, Message = "{Partner} answered 429 to {Call}; its budget is closed for {Seconds} s for all instances")]
    private static partial void Refused(ILogger logger, string partner, string call, double seconds);
}
