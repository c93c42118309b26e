using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults.Security;
using Platform.Testing;
using Xunit;

namespace Platform.Credentials.Tests.MasterKeys;

public sealed class RotatingTheMasterKeyTests(CredentialsApp shared)
{
    [Fact]
    public async Task Every_data_key_is_wrapped_anew_while_secrets_are_fetched_and_changed()
    {
        await using var app = await shared.AnotherAsync();
        var ids = await Task.WhenAll(Enumerable.Range(0, 130).Select(i => app.CreateAsync($"rotated {i}", $"secret-{i}")));
        await CredentialsApp.WriteMasterKeyAsync(app.MasterKeysFolder, 2);

        var accepted = await app.As(Roles.Admin).PostAsync("/api/master-keys/rotation", null);
        var meanwhile = await Task.WhenAll(ids.Select(async (id, i) => i % 10 == 0
            ? await ChangeAsync(app, id, $"rotated {i}", $"changed-{i}")
            : (string)(await app.FetchSecretAsync(id))["fields"]!["secretKey"]!));

        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        Assert.Equal(Enumerable.Range(0, ids.Length).Select(i => i % 10 == 0 ? $"changed-{i}" : $"secret-{i}"), meanwhile);
        await Until.True(async () => (await KeysAsync(app))["rotation"]!["completedAt"] is not null);
        var keys = await KeysAsync(app);
        Assert.Equal("""[{"generation":1,"present":true,"secrets":0},{"generation":2,"present":true,"secrets":130}]""", keys["generations"]!.ToJsonString());
        Assert.Equal(0, (int)keys["rotation"]!["unreadable"]!);

        // The old key may go: everything opens without it, in a new process.
        File.Delete(Path.Combine(app.MasterKeysFolder, "1.key"));
        await using var restarted = await app.RestartedAsync();
        Assert.Equal("secret-7", (string)(await restarted.FetchSecretAsync(ids[7]))["fields"]!["secretKey"]!);
        Assert.Equal("changed-10", (string)(await restarted.FetchSecretAsync(ids[10]))["fields"]!["secretKey"]!);
        Assert.Equal(1, (int)(await restarted.FetchSecretAsync(ids[7]))["version"]!);
    }

    [Fact]
    public async Task A_rotation_that_was_cut_off_goes_on_in_the_next_process_and_names_what_does_not_open()
    {
        await using var app = await shared.AnotherAsync();
        var id = await app.CreateAsync("left over", "kept");
        var damaged = await app.CreateAsync("damaged");
        await app.ExecuteAsync($"update sealed_secrets set wrapped_key = set_byte(wrapped_key, 30, get_byte(wrapped_key, 30) # 1) where credential_id = {damaged}");
        await CredentialsApp.WriteMasterKeyAsync(app.MasterKeysFolder, 2);
        await app.ExecuteAsync($"insert into key_rotations (target_generation, requested_by, requested_at, rewrapped, unreadable) values (2, 'an instance that died', now(), 0, 0)");

        await using var restarted = await app.RestartedAsync();

        await Until.True(async () => (await KeysAsync(restarted))["rotation"]!["completedAt"] is not null);
        var keys = await KeysAsync(restarted);
        Assert.Equal((1, 1), ((int)keys["rotation"]!["rewrapped"]!, (int)keys["rotation"]!["unreadable"]!));
        Assert.Equal("kept", (string)(await restarted.FetchSecretAsync(id))["fields"]!["secretKey"]!);
    }

    [Fact]
    public async Task A_missing_or_replaced_key_stops_the_start_and_a_rotation_by_name()
    {
        await using var app = await shared.AnotherAsync();
        await app.CreateAsync("sealed with one");
        await using (var known = await app.RestartedAsync())
        {
            Assert.Equal(1, (int)(await KeysAsync(known))["current"]!);
        }

        var original = await File.ReadAllTextAsync(Path.Combine(app.MasterKeysFolder, "1.key"));
        await CredentialsApp.WriteMasterKeyAsync(app.MasterKeysFolder, 1);
        Assert.Contains("generation 1 is not the key it was", (await Assert.ThrowsAsync<InvalidOperationException>(app.RestartedAsync)).Message);
        var refused = await (await app.As(Roles.Admin).PostAsync("/api/master-keys/rotation", null)).ReadJsonAsync();
        Assert.Equal("/problems/master-keys-unusable", (string)refused["type"]!);
        Assert.Contains("generation 1 is another key than it was", (string)refused["detail"]!);

        File.Move(Path.Combine(app.MasterKeysFolder, "1.key"), Path.Combine(app.MasterKeysFolder, "3.key"));
        var missing = (await Assert.ThrowsAsync<InvalidOperationException>(app.RestartedAsync)).Message;
        Assert.Contains("generation 1 is missing: it wraps 1 stored secrets", missing);
        Assert.DoesNotContain(original.Trim(), missing);
    }

    [Fact]
    public async Task A_backup_of_database_and_keys_is_restored_elsewhere()
    {
        await using var app = await shared.AnotherAsync();
        var id = await app.CreateAsync("backed up", "the-backed-up-secret");

        await using var restored = await app.RestoredElsewhereAsync();

        Assert.Equal("the-backed-up-secret", (string)(await restored.FetchSecretAsync(id))["fields"]!["secretKey"]!);
    }

    [Fact]
    public async Task Only_administrators_see_and_rotate_keys()
    {
        Assert.Equal(HttpStatusCode.Forbidden, (await shared.As(Roles.Operator).GetAsync("/api/master-keys")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await shared.As(Roles.Operator).PostAsync("/api/master-keys/rotation", null)).StatusCode);
    }

    private static async Task<JsonObject> KeysAsync(CredentialsApp app) => (await app.As(Roles.Admin).GetFromJsonAsync<JsonObject>("/api/master-keys"))!;

    private static async Task<string> ChangeAsync(CredentialsApp app, string id, string name, string secret)
    {
        var answer = await app.As(Roles.Admin).PutAsJsonAsync($"/api/credentials/{id}", CredentialsApp.NewCredential(name, secret));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (string)(await app.FetchSecretAsync(id))["fields"]!["secretKey"]!;
    }
}
