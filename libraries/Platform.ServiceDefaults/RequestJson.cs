using System.Collections;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Platform.ServiceDefaults;

/// <summary>
/// Reads request bodies as strictly as the OpenAPI documents describe them, so that handlers never meet a null where their types allow none: a member whose type is not nullable must be
/// there and must not be null, items of lists and values of dictionaries likewise; a member may stand only once.
/// </summary>
internal static class RequestJson
{
    public static void Configure(JsonSerializerOptions options)
    {
        options.RespectNullableAnnotations = true;
        options.AllowDuplicateProperties = false;
        options.TypeInfoResolver = (options.TypeInfoResolver ?? new DefaultJsonTypeInfoResolver()).WithAddedModifier(Require).WithAddedModifier(RefuseNullItems);
    }

    // RespectRequiredConstructorParameters would ask for nullable parameters too. What has no setter is only ever written, and may not be called required.
    private static void Require(JsonTypeInfo type)
    {
        foreach (var property in type.Properties.Where(property => property is { Set: not null, AssociatedParameter: { HasDefaultValue: false, IsNullable: false } } && !property.PropertyType.IsValueType))
        {
            property.IsRequired = true;
        }
    }

    private static void RefuseNullItems(JsonTypeInfo type)
    {
        if (type.Kind != JsonTypeInfoKind.Object)
        {
            return;
        }

        var nullability = new NullabilityInfoContext();
        var collections = type.Properties.Where(property => property is { Get: not null, AttributeProvider: PropertyInfo member } && HoldsNoNulls(nullability.Create(member))).ToList();
        if (collections.Count == 0)
        {
            return;
        }

        type.OnDeserialized += read =>
        {
            foreach (var property in collections)
            {
                var hasNull = property.Get!(read) switch
                {
                    IDictionary dictionary => HasNull(dictionary.Values),
                    IEnumerable items => HasNull(items),
                    _ => false,
                };
                if (hasNull)
                {
                    throw new JsonException($"The value could not be converted: '{property.Name}' holds a null.");
                }
            }
        };
    }

    private static bool HoldsNoNulls(NullabilityInfo member) =>
        member.ElementType is { } item ? IsNonNullReference(item)
        : member.GenericTypeArguments.Length > 0 && typeof(IEnumerable).IsAssignableFrom(member.Type) && IsNonNullReference(member.GenericTypeArguments[^1]);

    private static bool IsNonNullReference(NullabilityInfo item) => !item.Type.IsValueType && item.ReadState == NullabilityState.NotNull;

    private static bool HasNull(IEnumerable items)
    {
        foreach (var item in items)
        {
            if (item is null)
            {
                return true;
            }
        }

        return false;
    }
}
