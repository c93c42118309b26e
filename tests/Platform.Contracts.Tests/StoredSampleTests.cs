using System.Text.Json;
using System.Text.Json.Nodes;
using Platform.ServiceDefaults;
using Platform.Testing;
using Xunit;

namespace Platform.Contracts.Tests;

/// <summary>
/// One stored sample per message, as it was on the wire when the message was new: it must be readable for ever. <c>UPDATE_APPROVED=1</c> writes the samples that are missing and
/// never touches one that exists.
/// </summary>
public sealed class StoredSampleTests
{
    private static readonly JsonSerializerOptions Indented = new(PlatformJson.Options) { WriteIndented = true };

    public static TheoryData<string> Messages => [.. ContractTypes.Records.Select(type => type.FullName!)];

    [Theory]
    [MemberData(nameof(Messages))]
    public async Task A_stored_sample_is_read_whole(string message)
    {
        var type = ContractTypes.Records.Single(type => type.FullName == message);
        var file = Repository.PathOf("tests", "Platform.Contracts.Tests", "samples", type.Namespace!.Split('.')[^1], $"{type.Name}.json");
        if (!File.Exists(file) && Environment.GetEnvironmentVariable("UPDATE_APPROVED") == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            await File.WriteAllTextAsync(file, JsonSerializer.Serialize(Samples.Of(type), type, Indented) + "\n", TestContext.Current.CancellationToken);
        }

        Assert.True(File.Exists(file), $"{type.Name} has no stored sample. Run this test with UPDATE_APPROVED=1, make the sample's values realistic and commit it.");
        var stored = JsonNode.Parse(await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken))!.AsObject();

        var read = JsonSerializer.SerializeToNode(stored.Deserialize(type, PlatformJson.Options), type, PlatformJson.Options)!.AsObject();

        Assert.NotEmpty(stored);
        foreach (var (member, value) in stored)
        {
            Assert.True(JsonNode.DeepEquals(value, read[member]), $"{type.Name}.{member} was {value?.ToJsonString()} on the wire and is now read as {read[member]?.ToJsonString() ?? "nothing"}.");
        }
    }

    [Fact]
    public void No_sample_is_left_of_a_message_that_is_gone()
    {
        var folder = Repository.PathOf("tests", "Platform.Contracts.Tests", "samples");
        var known = ContractTypes.Records.Select(type => Path.Combine(type.Namespace!.Split('.')[^1], $"{type.Name}.json")).ToHashSet(StringComparer.Ordinal);

        Assert.DoesNotContain(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file)), file => !known.Contains(file));
    }
}
