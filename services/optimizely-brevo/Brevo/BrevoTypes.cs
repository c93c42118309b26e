using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.OptimizelyBrevo.Brevo;

// The members of Brevo's v3 schemas that are used. Brevo mixes camel case and snake case; where they differ from camel case the name is written out.

internal sealed record BrevoAttribute(string Name, string Category, string? Type);

internal sealed record BrevoAttributes(IReadOnlyList<BrevoAttribute> Attributes);

internal sealed record CreateBrevoAttribute(string Type);

/// <summary>Creates a contact, or updates the one with this address.</summary>
internal sealed record UpsertContact(string Email, JsonElement Attributes, IReadOnlyList<long>? ListIds, bool UpdateEnabled = true);

internal sealed record BatchContact(string Email, JsonElement? Attributes, IReadOnlyList<long>? ListIds, IReadOnlyList<long>? UnlinkListIds);

internal sealed record UpdateContacts(IReadOnlyList<BatchContact> Contacts);

internal sealed record ImportedContact(string Email, JsonElement Attributes);

internal sealed record ImportContacts(
    IReadOnlyList<ImportedContact> JsonBody, IReadOnlyList<long> ListIds, bool UpdateExistingContacts, bool EmptyContactsAttributes, bool DisableNotification = true);

internal sealed record CreatedProcess(long ProcessId);

internal sealed record BrevoProcess(long Id, string Name, string Status);

internal sealed record BrevoProcesses(IReadOnlyList<BrevoProcess>? Processes, long? Count);

internal sealed record BrevoContact(long Id, string? Email, JsonElement Attributes, IReadOnlyList<long>? ListIds);

internal sealed record BrevoContacts(IReadOnlyList<BrevoContact>? Contacts, long? Count);

internal sealed record BrevoList(long Id, string Name, long? TotalSubscribers);

internal sealed record BrevoSegments(JsonElement Segments, long? Count);

internal sealed record BrevoSegment(long Id, string? SegmentName, string? CategoryName, string? UpdatedAt);

internal sealed record BrevoError(string? Code, string? Message);

internal sealed record BrevoEvent
{
    [JsonPropertyName("event_name")]
    public required string EventName { get; init; }

    [JsonPropertyName("event_date")]
    public required DateTimeOffset EventDate { get; init; }

    [JsonPropertyName("identifiers")]
    public required BrevoIdentifiers Identifiers { get; init; }

    [JsonPropertyName("event_properties")]
    public JsonElement? EventProperties { get; init; }
}

internal sealed record BrevoIdentifiers([property: JsonPropertyName("email_id")] string EmailId);

internal sealed record BrevoEvents(IReadOnlyList<BrevoEvent> Events);

internal sealed record BrevoEventErrors(
    [property: JsonPropertyName("successful_events")] int SuccessfulEvents, [property: JsonPropertyName("failed_events")] int FailedEvents, IReadOnlyList<BrevoEventError>? Errors);

internal sealed record BrevoEventError(IReadOnlyList<int>? EventIndex, string? Message);

internal sealed record BrevoStoredEvents(long Count, IReadOnlyList<BrevoStoredEvent>? Events);

internal sealed record BrevoStoredEvent([property: JsonPropertyName("event_name")] string EventName, [property: JsonPropertyName("event_properties")] JsonElement EventProperties);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(BrevoAttributes))]
[JsonSerializable(typeof(CreateBrevoAttribute))]
[JsonSerializable(typeof(UpsertContact))]
[JsonSerializable(typeof(UpdateContacts))]
[JsonSerializable(typeof(ImportContacts))]
[JsonSerializable(typeof(CreatedProcess))]
[JsonSerializable(typeof(BrevoProcesses))]
[JsonSerializable(typeof(BrevoContact))]
[JsonSerializable(typeof(BrevoContacts))]
[JsonSerializable(typeof(BrevoList))]
[JsonSerializable(typeof(BrevoSegments))]
[JsonSerializable(typeof(BrevoSegment))]
[JsonSerializable(typeof(BrevoError))]
[JsonSerializable(typeof(BrevoEvent))]
[JsonSerializable(typeof(BrevoEvents))]
[JsonSerializable(typeof(BrevoEventErrors))]
[JsonSerializable(typeof(BrevoStoredEvents))]
internal sealed partial class BrevoJson : JsonSerializerContext;
