using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using MassTransit;
using Microsoft.Extensions.DependencyInjection;
using Platform.Contracts.Credentials;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Credentials.Tests.Endpoints;

public sealed class ChangingASecretTests(CredentialsApp app)
{
    [Fact]
    public async Task A_secret_that_is_left_out_stays_and_null_removes_it()
    {
        var id = await app.CreateAsync("partly changed", "the-kept-secret");
        var (_, added) = await ChangeAsync(id, """{"name":"partly changed","fields":{"accessKey":"AKIAIOSFODNN7EXAMPLE","region":"us-east-1","sessionToken":"a-token"}}""");
        Assert.Equal("""["secretKey","sessionToken"]""", added["secretFieldsSet"]!.ToJsonString());
        var (_, removed) = await ChangeAsync(id, """{"name":"partly changed","fields":{"accessKey":"AKIAIOSFODNN7EXAMPLE","region":"us-east-1","sessionToken":null}}""");
        Assert.Equal("""["secretKey"]""", removed["secretFieldsSet"]!.ToJsonString());

        var secret = await app.FetchSecretAsync(id);

        Assert.Equal(("the-kept-secret", "us-east-1", 3), ((string)secret["fields"]!["secretKey"]!, (string)secret["fields"]!["region"]!, (int)secret["version"]!));
        Assert.Null(secret["fields"]!["sessionToken"]);
    }

    [Fact]
    public async Task Without_fields_or_with_the_same_ones_the_version_stays()
    {
        var id = await app.CreateAsync("renamed soon");
        await ChangeAsync(id, """{"name":"renamed","labels":{"a":"b"}}""");
        var (_, same) = await ChangeAsync(id, """{"name":"renamed","fields":{"accessKey":"AKIAIOSFODNN7EXAMPLE","region":"eu-west-1"}}""");

        Assert.Equal(1, (int)same["version"]!);
        Assert.Equal("{}", same["labels"]!.ToJsonString());
    }

    [Fact]
    public async Task A_required_secret_cannot_be_removed_nor_outlive_its_access_key()
    {
        var id = await app.CreateAsync("guarded");

        var (removing, required) = await ChangeAsync(id, """{"name":"guarded","fields":{"accessKey":"AKIAIOSFODNN7EXAMPLE","region":"eu-west-1","secretKey":null}}""");
        var (replacing, belongs) = await ChangeAsync(id, """{"name":"guarded","fields":{"accessKey":"AKIAOTHER","region":"eu-west-1"}}""");
        var (typing, type) = await ChangeAsync(id, """{"name":"guarded","type":"sftp"}""");

        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (removing, replacing, typing));
        Assert.Equal("$.fields.secretKey", (string)required["errors"]![0]!["path"]!);
        Assert.Contains("because accessKey changes", (string)belongs["errors"]![0]!["problem"]!);
        Assert.Contains("never changes", (string)type["errors"]![0]!["problem"]!);
        Assert.Equal(1, (int)(await app.FetchSecretAsync(id))["version"]!);
    }

    [Fact]
    public async Task Running_services_are_told_of_a_rotation_without_the_secret()
    {
        var rotations = new Rotations();
        var bus = app.Services.GetRequiredService<IBus>();
        var listening = bus.ConnectReceiveEndpoint(new TemporaryEndpointDefinition(), null, endpoint => endpoint.Instance(rotations));
        await listening.Ready;
        var id = await app.CreateAsync("rotated");

        await ChangeAsync(id, """{"name":"rotated","fields":{"accessKey":"AKIAOTHER","region":"eu-west-1","secretKey":"the-new-secret"}}""");

        await Until.True(() => rotations.Seen.Any(rotation => rotation.CredentialId == id && rotation.Version == 2));
        Assert.Equal("the-new-secret", (string)(await app.FetchSecretAsync(id))["fields"]!["secretKey"]!);
        await listening.StopAsync();
    }

    [Fact]
    public async Task Of_simultaneous_changes_each_makes_its_own_version()
    {
        var id = await app.CreateAsync("contended");

        var changes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
            ChangeAsync(id, $$$"""{"name":"contended","fields":{"accessKey":"AKIAIOSFODNN7EXAMPLE","region":"eu-west-1","secretKey":"secret-{{{i}}}"}}""")));

        Assert.Equal(Enumerable.Range(2, 8), changes.Select(change => (int)change.Body["version"]!).Order());
        Assert.Equal(9, (int)(await app.FetchSecretAsync(id))["version"]!);
    }

    private async Task<(HttpStatusCode Status, JsonObject Body)> ChangeAsync(string id, string body)
    {
        var answer = await app.As(Roles.Admin).PutAsJsonAsync($"/api/credentials/{id}", JsonNode.Parse(body));
        return (answer.StatusCode, await answer.ReadJsonAsync());
    }

    private sealed class Rotations : IConsumer<CredentialRotated>
    {
        private readonly List<CredentialRotated> _seen = [];

        public IReadOnlyList<CredentialRotated> Seen
        {
            get
            {
                lock (_seen)
                {
                    return [.. _seen];
                }
            }
        }

        public Task Consume(ConsumeContext<CredentialRotated> context)
        {
            lock (_seen)
            {
                _seen.Add(context.Message);
            }

            return Task.CompletedTask;
        }
    }
}
