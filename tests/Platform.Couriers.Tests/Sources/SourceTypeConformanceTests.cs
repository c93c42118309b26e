using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.Contracts.Couriers;
using Platform.Couriers.Definitions;
using Platform.Couriers.Patterns;
using Platform.Couriers.Sources;
using Platform.ServiceDefaults.Outgoing;
using Platform.Testing;
using Xunit;

namespace Platform.Couriers.Tests.Sources;

/// <summary>What every source type of the registry must do; a new one is tested by being listed.</summary>
public sealed class SourceTypeConformanceTests
{
    private static readonly AddressGuard Guard = new(new());
    private static readonly Entity[] Entities = [new() { Pattern = FilePattern.Parse("'rows-'yyyy-MM-dd'.csv'"), Tag = "rows", ContentType = "text/csv" }];

    public static TheoryData<string> Names => [.. SourceTypes.All.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void The_schema_describes_every_setting(string name)
    {
        var schema = SourceTypes.Find(name)!.SettingsSchema;

        Assert.Equal("https://json-schema.org/draft/2020-12/schema", (string)schema["$schema"]!);
        Assert.Equal("object", (string)schema["type"]!);
        Assert.False((bool)schema["additionalProperties"]!);
        Assert.All(schema["properties"]!.AsObject(), property =>
        {
            Assert.NotNull(property.Value!["type"]);
            Assert.EndsWith(".", (string)property.Value["description"]!);
        });
        Assert.All(schema["required"]?.AsArray() ?? [], required => Assert.Contains((string)required!, schema["properties"]!.AsObject().Select(property => property.Key)));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Settings_as_the_schema_suggests_are_accepted_and_laid_out(string name)
    {
        var type = SourceTypes.Find(name)!;
        var settings = Good(type);
        var findings = new Findings();

        type.Check(Element(settings), Entities, "$.settings", Guard, findings);

        Assert.Empty(findings.Problems);
        Assert.Empty(findings.Warnings);
        foreach (var mode in Enum.GetValues<RunMode>())
        {
            Assert.NotEmpty(type.Layout(Element(settings), Entities, mode).Entities);
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_setting_of_another_kind_is_refused_by_its_path(string name)
    {
        var type = SourceTypes.Find(name)!;
        foreach (var property in type.SettingsSchema["properties"]!.AsObject().Select(property => property.Key))
        {
            var settings = Good(type);
            settings[property] = new JsonObject { ["a"] = 1 };
            var findings = new Findings();

            type.Check(Element(settings), Entities, "$.settings", Guard, findings);

            Assert.Contains(findings.Problems, problem => problem.Path == $"$.settings.{property}");
        }
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void What_is_missing_is_a_problem_and_what_is_unknown_a_warning(string name)
    {
        var type = SourceTypes.Find(name)!;
        var findings = new Findings();

        type.Check(Element(new() { ["unheardOf"] = 1 }), Entities, "$.settings", Guard, findings);

        Assert.Contains(findings.Warnings, warning => warning.Path == "$.settings.unheardOf");
        Assert.All(type.SettingsSchema["required"]?.AsArray() ?? [], required => Assert.Contains(findings.Problems, problem => problem.Path == $"$.settings.{required}"));
    }

    [Fact]
    public void Names_are_unique_and_the_page_has_a_row_for_each()
    {
        var page = File.ReadAllText(Repository.PathOf("services", "couriers", "Sources", "README.md"));

        Assert.Distinct(SourceTypes.All.Select(type => type.Name));
        Assert.All(SourceTypes.All, type =>
        {
            Assert.Contains($"| `{type.Name}` |", page);
            Assert.NotEmpty(type.CredentialTypes);
        });
    }

    // Every default of the schema, and something of the right kind for the rest.
    private static JsonObject Good(ISourceType type)
    {
        var settings = new JsonObject();
        foreach (var (name, schema) in type.SettingsSchema["properties"]!.AsObject())
        {
            settings[name] = schema!["default"]?.DeepClone() ?? schema["examples"]?[0]!.DeepClone() ?? (name == "endpoint" ? "https://s3.example.com" : name == "bucket" ? "some-bucket" : name == "accountId" ? "596780373" : "folder/");
        }

        return settings;
    }

    private static JsonElement Element(JsonObject settings) => JsonElement.Parse(settings.ToJsonString());
}
