using System.Net;
using System.Net.Http.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Extensions.DependencyInjection;
using Polly;
using Polly.Retry;

namespace Platform.ServiceDefaults.Security;

/// <summary>Typed clients for the internal channel between services: own identity, time-out, and retries of what is safe to repeat.</summary>
public static class InternalClients
{
    /// <summary>
    /// Registers <typeparamref name="TClient"/> for the service named <paramref name="service"/>, whose address is the setting <c>Services:{service}</c>.
    /// GET requests are retried on connection faults, 502, 503 and 504; nothing else is.
    /// </summary>
    public static IHttpClientBuilder AddInternalClient<TClient>(this WebApplicationBuilder builder, string service)
        where TClient : class
    {
        return builder.Services.AddHttpClient<TClient>(client =>
        {
            var address = builder.Configuration[$"Services:{service}"]
                ?? throw new InvalidOperationException($"The setting Services:{service} is missing. It must be the address of the {service} service, for example http://127.0.0.1:5101.");
            client.BaseAddress = new Uri(address);
            client.Timeout = TimeSpan.FromSeconds(30);
        })
        .AddHttpMessageHandler(services => new Identify(services.GetRequiredService<InternalTokens>(), services.GetRequiredService<ServiceIdentity>(), service));
    }

    /// <summary>Reads a JSON answer; a problem answer becomes an <see cref="InternalCallException"/> with its detail.</summary>
    public static async Task<T> ReadAsync<T>(this HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.IsSuccessStatusCode)
        {
            return (await response.Content.ReadFromJsonAsync<T>(PlatformJson.Options, cancellationToken))!;
        }

        string? detail = null;
        if (response.Content.Headers.ContentType?.MediaType == "application/problem+json")
        {
            detail = (await response.Content.ReadFromJsonAsync<ProblemDetails>(PlatformJson.Options, cancellationToken))?.Detail;
        }

        throw new InternalCallException(response.StatusCode, detail ?? $"{response.RequestMessage?.RequestUri?.AbsolutePath} answered {(int)response.StatusCode}.");
    }

    private sealed class Identify(InternalTokens tokens, ServiceIdentity identity, string audience) : DelegatingHandler
    {
        private static readonly ResiliencePipeline<HttpResponseMessage> Retries = new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = 4,
                Delay = TimeSpan.FromMilliseconds(200),
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                OnRetry = arguments =>
                {
                    arguments.Outcome.Result?.Dispose();
                    return ValueTask.CompletedTask;
                },
                ShouldHandle = new PredicateBuilder<HttpResponseMessage>()
                    .Handle<HttpRequestException>()
                    .HandleResult(response => response.StatusCode is HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout),
            })
            .Build();

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.Headers.Remove(InternalAuthentication.HeaderName);
            request.Headers.Add(InternalAuthentication.HeaderName, tokens.Issue(audience, identity.Name, Roles.Service));
            return request.Method == HttpMethod.Get
                ? await Retries.ExecuteAsync(async token => await base.SendAsync(request, token), cancellationToken)
                : await base.SendAsync(request, cancellationToken);
        }
    }
}

/// <summary>A sister service refused or failed; the message is its own explanation.</summary>
public sealed class InternalCallException(HttpStatusCode status, string detail) : Exception(detail)
{
    /// <summary>The HTTP status of the answer.</summary>
    public HttpStatusCode Status { get; } = status;
}
