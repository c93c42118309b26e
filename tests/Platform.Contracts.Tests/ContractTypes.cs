using System.Reflection;
using Platform.Contracts.Failures;

namespace Platform.Contracts.Tests;

internal static class ContractTypes
{
    /// <summary>Everything that can travel: records and the enumerations in them.</summary>
    public static IReadOnlyList<Type> All { get; } =
        [.. typeof(FailureCategory).Assembly.GetExportedTypes().Where(type => type != typeof(CommandAttribute)).OrderBy(type => type.FullName, StringComparer.Ordinal)];

    public static IReadOnlyList<Type> Records { get; } = [.. All.Where(type => !type.IsEnum)];

    public static bool IsCommand(Type type) => type.IsDefined(typeof(CommandAttribute));

    public static IEnumerable<PropertyInfo> MembersOf(Type record) => record.GetProperties(BindingFlags.Public | BindingFlags.Instance);
}
