using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Platform.Contracts.Couriers;
using Platform.ServiceDefaults.Security;
using Xunit;

namespace Platform.Credentials.Tests.Endpoints;

public sealed class TestingACredentialTests(CredentialsApp app)
{
    [Theory]
    [InlineData(true, "Connection successful")]
    [InlineData(false, "The secret key does not belong to the access key.")]
    public async Task The_couriers_answer_is_passed_on_and_remembered(bool success, string message)
    {
        var couriers = new Couriers(new() { Success = success, Message = message });
        await using var answering = await couriers.AnswerAsync(app.Services);
        var id = await app.CreateAsync($"tested {success}");

        var result = await (await app.As(Roles.Operator).PostAsJsonAsync($"/api/credentials/{id}/test", new { bucket = "landing", prefix = "v1/" })).ReadJsonAsync();

        Assert.Equal((success, message), ((bool)result["success"]!, (string)result["message"]!));
        Assert.Contains(couriers.Asked, question => question == new TestCredential { CredentialId = id, CredentialType = "iam-credential", Bucket = "landing", Prefix = "v1/" });
        var shown = await app.As(Roles.Viewer).GetFromJsonAsync<JsonObject>($"/api/credentials/{id}");
        Assert.Equal(success, (bool)shown!["lastTestSucceeded"]!);
        Assert.NotNull(shown["lastTestedAt"]);
    }

    [Fact]
    public async Task Couriers_that_fail_are_not_the_credentials_fault()
    {
        await using var answering = await new Couriers(null).AnswerAsync(app.Services);
        var id = await app.CreateAsync("tested in vain");

        var result = await (await app.As(Roles.Operator).PostAsync($"/api/credentials/{id}/test", null)).ReadJsonAsync();

        Assert.False((bool)result["success"]!);
        Assert.Contains("The credential itself may be right", (string)result["message"]!);
    }

    [Fact]
    public async Task An_unknown_credential_is_not_tried() =>
        Assert.Equal("/problems/unknown-credential", (string)(await (await app.As(Roles.Operator).PostAsync("/api/credentials/cred-00000000/test", null)).ReadJsonAsync())["type"]!);

    /// <summary>Answers in the couriers' place; without an answer it fails.</summary>
    private sealed class Couriers(CredentialTested? answer) : IConsumer<TestCredential>
    {
        private readonly List<TestCredential> _asked = [];

        public IReadOnlyList<TestCredential> Asked => _asked;

        public async Task<IAsyncDisposable> AnswerAsync(IServiceProvider services)
        {
            var endpoint = services.GetRequiredService<IBus>().ConnectReceiveEndpoint(new TemporaryEndpointDefinition(), null, queue => queue.Instance(this));
            await endpoint.Ready;
            return new Stopping(endpoint);
        }

        public async Task Consume(ConsumeContext<TestCredential> context)
        {
            _asked.Add(context.Message);
            await context.RespondAsync(answer ?? throw new InvalidOperationException("No answer."));
        }
    }

    private sealed class Stopping(HostReceiveEndpointHandle endpoint) : IAsyncDisposable
    {
        public async ValueTask DisposeAsync() => await endpoint.StopAsync();
    }
}
