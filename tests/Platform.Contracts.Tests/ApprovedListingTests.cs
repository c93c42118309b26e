using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text;
using System.Xml.Linq;
using Platform.Testing;
using Xunit;

namespace Platform.Contracts.Tests;

/// <summary>What is on the wire changes only on purpose: the listing is compared with <c>approved.txt</c>, and rewritten with the environment variable <c>UPDATE_APPROVED=1</c>.</summary>
public sealed class ApprovedListingTests
{
    private static readonly NullabilityInfoContext Nullability = new();

    [Fact]
    public async Task Every_message_and_member_is_approved()
    {
        var listing = new StringBuilder();
        foreach (var type in ContractTypes.All)
        {
            listing.Append(type.IsEnum ? "enum " : ContractTypes.IsCommand(type) ? "command " : "record ").Append(type.FullName).Append('\n');
            foreach (var member in type.IsEnum ? Enum.GetNames(type) : ContractTypes.MembersOf(type).Select(Describe))
            {
                listing.Append("    ").Append(member).Append('\n');
            }
        }

        var file = Repository.PathOf("tests", "Platform.Contracts.Tests", "approved.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_APPROVED") == "1")
        {
            await File.WriteAllTextAsync(file, listing.ToString(), TestContext.Current.CancellationToken);
        }

        Assert.Equal(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken), listing.ToString());
    }

    [Fact]
    public void Contracts_are_sealed_records_of_init_only_members()
    {
        foreach (var type in ContractTypes.Records)
        {
            Assert.True(type.IsSealed, $"{type} is not sealed.");
            Assert.NotNull(type.GetMethod("<Clone>$"));
            Assert.Equal(typeof(object), type.BaseType);
            foreach (var member in ContractTypes.MembersOf(type))
            {
                var isInit = member.SetMethod!.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit));
                Assert.True(isInit, $"{type.Name}.{member.Name} can be set after the message is made.");
            }
        }
    }

    [Fact]
    public void What_its_summary_calls_a_command_is_marked_as_one_and_nothing_else_is()
    {
        var documentation = XDocument.Load(Path.Combine(AppContext.BaseDirectory, "Platform.Contracts.xml"));
        var summaries = documentation.Descendants("member").ToDictionary(member => member.Attribute("name")!.Value, member => member.Element("summary")!.Value.Trim());

        Assert.Equal(
            ContractTypes.Records.Where(type => summaries[$"T:{type.FullName}"].StartsWith("Command:", StringComparison.Ordinal)).Select(type => type.Name),
            ContractTypes.Records.Where(ContractTypes.IsCommand).Select(type => type.Name));
    }

    private static string Describe(PropertyInfo member) =>
        $"{member.Name}: {NameOf(member.PropertyType)}{(Nullability.Create(member).ReadState == NullabilityState.Nullable && !member.PropertyType.IsValueType ? "?" : "")}"
        + (member.IsDefined(typeof(RequiredMemberAttribute)) ? ", required" : "");

    private static string NameOf(Type type) => Nullable.GetUnderlyingType(type) is { } value ? $"{NameOf(value)}?"
        : type.IsGenericType ? $"{type.Name[..type.Name.IndexOf('`', StringComparison.Ordinal)]}<{string.Join(", ", type.GetGenericArguments().Select(NameOf))}>"
        : type.Name;
}
