using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Testing;
using Xunit;

namespace Platform.Couriers.Tests.CredentialTests;

public sealed class TestingPgpKeysTests(CouriersApp app)
{
    [Theory]
    [InlineData("private", null, true, "Connection successful")]
    [InlineData("public", null, true, "Connection successful")]
    [InlineData("protected", "opens it", true, "Connection successful")]
    [InlineData("protected", "does not", false, "The passphrase does not open the private key")]
    [InlineData("protected", null, false, "The private key needs a passphrase")]
    [InlineData("damaged", null, false, "GnuPG cannot read the private key")]
    public async Task Keys_are_tried_by_using_them(string key, string? passphrase, bool success, string message)
    {
        var fields = new JsonObject { [key == "public" ? "publicKey" : "privateKey"] = File.ReadAllText(Repository.PathOf("tests", "Platform.Couriers.Tests", "CredentialTests", "Keys", $"{key}.asc")) };
        if (passphrase is not null)
        {
            fields["passphrase"] = passphrase;
        }

        var id = $"cred-pgp-{key}-{passphrase}";
        app.Sisters.Credentials[id] = new() { ["id"] = id, ["type"] = "pgp", ["version"] = 1, ["fields"] = fields };

        var tested = await app.Feeds.RequestAsync<TestCredential, CredentialTested>(new() { CredentialId = id, CredentialType = "pgp" });

        Assert.Equal(success, tested.Success);
        Assert.StartsWith(message, tested.Message);
    }
}
