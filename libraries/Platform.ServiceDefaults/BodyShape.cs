using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Platform.ServiceDefaults;

/// <summary>
/// The members that an object in a request body can have, as the serializer knows them: those of the body's type, and those that only answers have. What has a converter of its own, or takes any JSON, has no shape.
/// </summary>
internal sealed class BodyShape
{
    private readonly JsonSerializerOptions _json;
    private readonly Lazy<Dictionary<string, BodyShape?>> _members;

    private BodyShape(IReadOnlyList<JsonTypeInfo> types, JsonSerializerOptions json)
    {
        _json = json;
        IsObject = types.Any(type => type.Kind == JsonTypeInfoKind.Object);
        // Types may hold themselves.
        _members = new(() => MembersOf(types));
        Elements = new(() => types.Select(type => type.ElementType).OfType<Type>().ToList() is { Count: > 0 } elements ? Of(elements) : null);
    }

    /// <summary>False for lists and dictionaries, whose values may have a shape.</summary>
    public bool IsObject { get; }

    /// <summary>The shape of a list's items or a dictionary's values.</summary>
    public Lazy<BodyShape?> Elements { get; }

    /// <summary>The members that mean something here.</summary>
    public required IReadOnlyList<string> Meant { get; init; }

    public static BodyShape Of(Type body, IEnumerable<Type> answers, JsonSerializerOptions json)
    {
        var own = json.GetTypeInfo(body);
        var meant = MeantBy(own);
        return new([own, .. answers.Select(json.GetTypeInfo).Where(answer => meant.All(member => Find(answer, member) is not null))], json) { Meant = meant };
    }

    /// <summary>False for an unknown member; else its value's shape, null when anything goes.</summary>
    public bool TryGetMember(string name, out BodyShape? value) => _members.Value.TryGetValue(name, out value);

    private static List<string> MeantBy(JsonTypeInfo type) => [.. type.Properties.Where(member => member.Set is not null || member.AssociatedParameter is not null).Select(member => member.Name)];

    private static JsonPropertyInfo? Find(JsonTypeInfo type, string name) => type.Properties.FirstOrDefault(member => string.Equals(member.Name, name, StringComparison.OrdinalIgnoreCase));

    private Dictionary<string, BodyShape?> MembersOf(IReadOnlyList<JsonTypeInfo> types) => types.SelectMany(type => type.Properties)
        .GroupBy(member => member.Name, _json.PropertyNameCaseInsensitive ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal)
        .ToDictionary(member => member.Key, member => member.Any(one => one.CustomConverter is not null) ? null : Of([.. member.Select(one => one.PropertyType)]),
            _json.PropertyNameCaseInsensitive ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);

    // The first type is the body's own.
    private BodyShape? Of(IReadOnlyList<Type> types)
    {
        var known = types.Select(type => _json.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type)).DistinctBy(type => type.Type).ToList();
        return known.TrueForAll(type => type.Kind != JsonTypeInfoKind.None) ? new(known, _json) { Meant = MeantBy(known[0]) } : null;
    }
}
