using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Platform.Couriers.Sources;
using Platform.ServiceDefaults.Security;

namespace Platform.Couriers.Endpoints;

/// <summary>A kind of source couriers can pull from.</summary>
/// <param name="Name">What a courier's <c>sourceType</c> says.</param>
/// <param name="Title">For people.</param>
/// <param name="Description">What it pulls.</param>
/// <param name="CredentialTypes">Types of credentials it can use.</param>
/// <param name="Settings">JSON Schema (2020-12) of a courier's <c>settings</c>.</param>
internal sealed record SourceTypeView(string Name, string Title, string Description, IReadOnlyList<string> CredentialTypes, JsonElement Settings);

internal static class SourceTypeEndpoints
{
    public static void MapSourceTypes(this WebApplication app) =>
        app.MapGet("/api/source-types", List).RequireAuthorization(Roles.Viewer)
            .WithName("ListSourceTypes").WithTags("couriers").WithSummary("The kinds of sources, each with the JSON Schema of its settings");

    private static Ok<IReadOnlyList<SourceTypeView>> List() => TypedResults.Ok<IReadOnlyList<SourceTypeView>>(
        [.. SourceTypes.All.Select(type => new SourceTypeView(type.Name, type.Title, type.Description, type.CredentialTypes, JsonSerializer.SerializeToElement(type.SettingsSchema)))]);
}
