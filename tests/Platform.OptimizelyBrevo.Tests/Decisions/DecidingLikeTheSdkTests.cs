using System.Diagnostics;
using System.Text.Json;
using Platform.OptimizelyBrevo.Decisions;
using Xunit;

namespace Platform.OptimizelyBrevo.Tests.Decisions;

public sealed class DecidingLikeTheSdkTests
{
    public static TheoryData<string> Files => [.. DecidedCases.Names];

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_decision_is_the_sdks(string name)
    {
        var decided = DecidedCases.Read(name);
        var project = DecidedCases.Compile(decided.GetProperty("datafile").GetString()!);
        var user = new DecisionUser(project);
        var wrong = new List<string>();
        var checkedDecisions = 0;
        foreach (var given in decided.GetProperty("cases").EnumerateArray())
        {
            user.Begin(given);
            if (given.TryGetProperty("flags", out var flags))
            {
                Assert.Equal(flags.EnumerateObject().Select(flag => flag.Name).Order(StringComparer.Ordinal), project.FlagsByKey.Keys.Order(StringComparer.Ordinal));
                foreach (var expected in flags.EnumerateObject())
                {
                    var decision = DecisionEngine.Decide(project.FlagsByKey[expected.Name], user);
                    var actual = (decision.Variation?.Key, decision.Rule?.Key, decision.Enabled);
                    if (actual != (expected.Value[0].GetString(), expected.Value[1].GetString(), expected.Value[2].GetBoolean()))
                    {
                        wrong.Add($"{given.GetProperty("userId")} {given.GetProperty("attributes")} {expected.Name}: expected {expected.Value}, decided {actual}");
                    }

                    checkedDecisions++;
                }
            }

            if (given.TryGetProperty("variables", out var variables))
            {
                wrong.AddRange(variables.EnumerateObject().SelectMany(flag => WrongVariables(project, user, flag)).Select(problem => $"{given.GetProperty("userId")} {given.GetProperty("attributes")} {problem}"));
            }

            if (given.TryGetProperty("experiments", out var experiments))
            {
                foreach (var expected in experiments.EnumerateObject())
                {
                    var actual = project.ExperimentsByKey.TryGetValue(expected.Name, out var experiment) ? DecisionEngine.Decide(experiment, user)?.Key : null;
                    if (actual != expected.Value.GetString())
                    {
                        wrong.Add($"{given.GetProperty("userId")} {given.GetProperty("attributes")} {expected.Name}: expected {expected.Value}, decided {actual}");
                    }

                    checkedDecisions++;
                }
            }
        }

        Assert.Empty(wrong);
        Assert.True(checkedDecisions > 0 || (project.Flags.Count == 0 && project.ExperimentsByKey.Count == 0));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Every_variable_is_the_sdks(string name)
    {
        var decided = DecidedCases.Read(name);
        if (!decided.TryGetProperty("variables", out var users))
        {
            return;
        }

        var project = DecidedCases.Compile(decided.GetProperty("datafile").GetString()!);
        var user = new DecisionUser(project);
        foreach (var each in users.EnumerateObject())
        {
            user.Begin(each.Name);
            foreach (var flag in each.Value.EnumerateObject())
            {
                Assert.Empty(WrongVariables(project, user, flag));
            }
        }
    }

    private static IEnumerable<string> WrongVariables(Project project, DecisionUser user, JsonProperty flag)
    {
        var decision = DecisionEngine.Decide(project.FlagsByKey[flag.Name], user);
        var actual = decision.Flag.Variables.ToDictionary(variable => variable.Key, variable => DecisionEngine.Value(variable, decision), StringComparer.Ordinal);
        Assert.Equal(flag.Value.EnumerateObject().Select(variable => variable.Name).Order(StringComparer.Ordinal), actual.Keys.Order(StringComparer.Ordinal));
        return flag.Value.EnumerateObject().Where(variable => !Same(variable.Value, actual[variable.Name]))
            .Select(variable => $"{flag.Name}.{variable.Name}: expected {variable.Value}, got {actual[variable.Name]}");
    }

    // JavaScript has read the numbers of JSON as doubles, and writes infinity as null; here they keep their text.
    private static bool Same(JsonElement expected, JsonElement actual) => actual.ValueKind switch
    {
        JsonValueKind.Number => actual.GetDouble() is var number && (double.IsFinite(number) ? expected.ValueKind == JsonValueKind.Number && expected.GetDouble() == number : expected.ValueKind == JsonValueKind.Null),
        JsonValueKind.Array => expected.ValueKind == JsonValueKind.Array && expected.GetArrayLength() == actual.GetArrayLength() && expected.EnumerateArray().Zip(actual.EnumerateArray()).All(pair => Same(pair.First, pair.Second)),
        _ => JsonElement.DeepEquals(expected, actual),
    };

    [Fact]
    public void Every_bucket_value_is_the_published_one()
    {
        foreach (var row in DecidedCases.Read("bucket-values.json").EnumerateArray())
        {
            var key = System.Text.Encoding.UTF8.GetBytes(row.GetProperty("bucketingId").GetString()! + row.GetProperty("parentId").GetString());
            Assert.Equal(row.GetProperty("bucketValue").GetInt32(), MurmurHash3.BucketValue(key));
        }
    }

    [Fact]
    public void A_datafile_of_version_5_is_refused_by_name()
    {
        var refusal = Assert.Throws<DatafileException>(() => DecidedCases.Compile("datafiles/csharp-sdk__unsupported_version_datafile.json"));
        Assert.Equal("The datafile's version is 5; supported are 2, 3, 4.", refusal.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("<html>not found</html>")]
    [InlineData("""{"version":"4","experiments":7}""")]
    [InlineData("""{"version":"4","experiments":[null]}""")]
    [InlineData("""{"version":"4","experiments":[{"id":null,"key":"e"}]}""")]
    [InlineData("""{"version":"4","featureFlags":[{"key":"f","variables":[null]}]}""")]
    [InlineData("""{"version":"4","audiences":[{"id":"1","name":"x","conditions":"[\"and\","}]}""")]
    public void What_is_no_datafile_is_refused(string text) =>
        Assert.Throws<DatafileException>(() => DatafileCompiler.Compile(System.Text.Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void Deciding_allocates_nothing()
    {
        var project = DecidedCases.Compile("generated/matchers.json");
        var user = new DecisionUser(project);
        var ids = Enumerable.Range(0, 200).Select(i => $"user{i}@example.com").ToArray();
        var flags = project.Flags.ToArray();

        // Code that the JIT has not optimised yet boxes inside the base library; what counts is the steady state.
        var deadline = Stopwatch.StartNew();
        long allocated;
        do
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            Assert.True(DecideAll() > 0);
            allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        }
        while (allocated > 0 && deadline.Elapsed < TimeSpan.FromMinutes(3));

        Assert.Equal(0, allocated);

        int DecideAll()
        {
            var count = 0;
            foreach (var id in ids)
            {
                user.Begin(id);
                user.Set("a", AttributeValue.Of("2.1.3-beta"));
                user.Set("b", AttributeValue.Of(18));
                user.Set("c", AttributeValue.Of(true));
                foreach (var flag in flags)
                {
                    count += DecisionEngine.Decide(flag, user).Enabled ? 1 : 0;
                }
            }

            return count;
        }
    }

    [Fact]
    public void A_decision_explains_itself_without_naming_the_user()
    {
        var project = DecidedCases.Compile("generated/holdouts.json");
        var user = new DecisionUser(project) { Reasons = [] };
        user.Begin("person@example.com");
        user.Set("a", AttributeValue.Of("secret-value"));
        foreach (var flag in project.Flags)
        {
            DecisionEngine.Decide(flag, user);
        }

        Assert.Contains(user.Reasons!, reason => reason.StartsWith("Bucket ", StringComparison.Ordinal));
        Assert.DoesNotContain(user.Reasons!, reason => reason.Contains("person", StringComparison.Ordinal) || reason.Contains("secret-value", StringComparison.Ordinal));
    }
}
