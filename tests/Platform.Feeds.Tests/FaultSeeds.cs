using System.Globalization;
using Xunit;

namespace Platform.Feeds.Tests;

/// <summary>How many seeded histories and kills are played: a few in tests/run, as many as wanted in tests/faults/feeds.</summary>
internal static class FaultSeeds
{
    public static TheoryData<int> Histories(int usually) => Seeds("PLATFORM_FAULTS_HISTORIES", usually);

    public static TheoryData<int> Kills(int usually, int perSeed) => Seeds("PLATFORM_FAULTS_KILLS", usually, perSeed);

    private static TheoryData<int> Seeds(string variable, int usually, int perSeed = 1)
    {
        var wanted = Number(variable, usually * perSeed);
        return [.. Enumerable.Range(Number("PLATFORM_FAULTS_FIRST_SEED", 1), (wanted + perSeed - 1) / perSeed)];
    }

    private static int Number(string variable, int usually) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : usually;
}
