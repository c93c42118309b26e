namespace Platform.Contracts.Tests;

/// <summary>A first sample of a message, every member set.</summary>
internal static class Samples
{
    private static readonly DateTimeOffset Moment = new(2026, 3, 4, 5, 6, 7, 890, TimeSpan.Zero);

    public static object Of(Type type)
    {
        var message = Activator.CreateInstance(type)!;
        foreach (var member in ContractTypes.MembersOf(type))
        {
            member.SetValue(message, ValueOf(member.PropertyType, member.Name));
        }

        return message;
    }

    private static object ValueOf(Type type, string name)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        if (type.IsEnum)
        {
            return Enum.GetValues(type).GetValue(0)!;
        }

        if (type.IsGenericType && type.GetGenericTypeDefinition() is var generic && (generic == typeof(IReadOnlyDictionary<,>) || generic == typeof(Dictionary<,>)))
        {
            var dictionary = (System.Collections.IDictionary)Activator.CreateInstance(typeof(Dictionary<,>).MakeGenericType(type.GetGenericArguments()))!;
            dictionary.Add(ValueOf(type.GetGenericArguments()[0], "key"), ValueOf(type.GetGenericArguments()[1], "value"));
            return dictionary;
        }

        if (type.IsGenericType)
        {
            var list = Array.CreateInstance(type.GetGenericArguments()[0], 1);
            list.SetValue(ValueOf(type.GetGenericArguments()[0], name), 0);
            return list;
        }

        return type switch
        {
            _ when type == typeof(string) => name.EndsWith("Id", StringComparison.Ordinal) ? $"{name[..^2].ToLowerInvariant()}-k3f9ax2m" : $"a {name}",
            _ when type == typeof(int) => 7,
            _ when type == typeof(long) => 4_000_000_000L,
            _ when type == typeof(bool) => true,
            _ when type == typeof(decimal) => 12.5m,
            _ when type == typeof(Guid) => new Guid("01920000-0000-7000-8000-000000000001"),
            _ when type == typeof(DateTimeOffset) => Moment,
            _ when type == typeof(DateOnly) => DateOnly.FromDateTime(Moment.DateTime),
            _ when type == typeof(TimeOnly) => new TimeOnly(5, 6),
            _ when type == typeof(TimeSpan) => TimeSpan.FromMinutes(5),
            _ => Of(type),
        };
    }
}
