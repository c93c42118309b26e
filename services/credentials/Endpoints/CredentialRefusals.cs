using Platform.Credentials.Secrets;
using Platform.ServiceDefaults;

namespace Platform.Credentials.Endpoints;

internal static class CredentialRefusals
{
    public static Refusal NameTaken { get; } = Refusal.Conflict("name-taken", "The name is taken", "Another credential has this name. Choose another one, or change that credential.");

    public static Refusal Unknown(string id) => Refusal.NotFound("credential", id, "GET /api/credentials lists the credentials.");

    public static Refusal UnknownRequest(string id) => Refusal.NotFound("secret request", id, "GET /api/secret-requests lists the requests.");

    public static Refusal AlreadyReceived(string id) =>
        Refusal.Conflict("already-received", "The secret has arrived", $"The link of '{id}' was used already. Change or delete the credential instead.");

    public static Refusal NotForCaller(string id, string type, string caller) => new(
        StatusCodes.Status403Forbidden, "secret-not-for-caller", "The secret is not for this service", $"The service '{caller}' has no use for credentials of the type {type}, so it does not get the secret of '{id}'.");

    public static Refusal SecretUnreadable(string id, SecretUnreadableException reason) =>
        Refusal.Conflict("secret-unreadable", "The stored secret cannot be opened", $"The secret of credential '{id}' cannot be opened. {reason.Message}");
}
