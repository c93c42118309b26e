using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Credentials.Kinds;
using Platform.ServiceDefaults;
using Platform.ServiceDefaults.Security;

namespace Platform.Credentials.Endpoints;

/// <summary>Which types of credential exist and what fields they have (C1).</summary>
internal static class CredentialTypeEndpoints
{
    public static void MapCredentialTypeEndpoints(this WebApplication app) => app.MapGet("/api/credential-types", List)
        .WithName("ListCredentialTypes").WithTags("credentials").WithSummary("The types of credential with the JSON Schema of their fields; secret fields are writeOnly.")
        .RequireAuthorization(Roles.Viewer);

    private static Ok<Page<CredentialTypeView>> List(CredentialKinds kinds) =>
        TypedResults.Ok(new Page<CredentialTypeView>([.. kinds.All.Select(kind => new CredentialTypeView(kind.Name, kind.Title, kind.Description, kind.Schema()))], null));
}

/// <summary>A type of credential.</summary>
internal sealed record CredentialTypeView(string Type, string Title, string Description, JsonObject Schema);
