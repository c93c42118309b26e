using System.Diagnostics;
using System.Globalization;
using Platform.Testing;

namespace Platform.Scheduler.Tests.Faults;

internal enum Fault
{
    Kill,
    CutDatabaseConnections,
    RestartPostgres,
    RestartRabbit,
    ClockForward,
    ClockBack,
}

/// <summary>
/// Which faults strike, in which order. Eight seeded kills and cuts by themselves; with the variables <c>PLATFORM_FAULT_ROUNDS</c>, <c>PLATFORM_FAULT_SEED</c>, <c>PLATFORM_FAULT_POSTGRES</c> and
/// <c>PLATFORM_FAULT_RABBITMQ</c> (commands that restart a server of this run alone) and <c>PLATFORM_FAULT_CLOCK</c> (path of libfaketime), set by tests/faults/scheduler, as many of every kind.
/// </summary>
internal sealed class FaultRun
{
    private readonly List<string> _clocks = [];
    private readonly string? _library = Environment.GetEnvironmentVariable("PLATFORM_FAULT_CLOCK");

    /// <summary>Faults that strike.</summary>
    public required int Rounds { get; init; }

    public required int Seed { get; init; }

    /// <summary>Enough work for every round to find some.</summary>
    public int SlotsBehind => Math.Max(20, Rounds);

    public static FaultRun FromEnvironment() => new() { Rounds = Number("PLATFORM_FAULT_ROUNDS", 8), Seed = Number("PLATFORM_FAULT_SEED", 1) };

    public IReadOnlyList<Fault> Plan()
    {
        var random = new Random(Seed);
        List<Fault> kinds = [Fault.Kill, Fault.Kill, Fault.CutDatabaseConnections];
        if (CommandOf(Fault.RestartPostgres) is not null)
        {
            kinds.AddRange([Fault.RestartPostgres, Fault.RestartRabbit]);
        }

        if (_library is not null)
        {
            kinds.AddRange([Fault.ClockForward, Fault.ClockBack]);
        }

        return [.. Enumerable.Range(0, Rounds).Select(_ => kinds[random.Next(kinds.Count)])];
    }

    /// <summary>The settings, with a clock that <see cref="SetClock"/> sets where this run sets clocks. Only the time of day is shifted: durations and timers stay the system's.</summary>
    public ServiceSettings WithClock(ServiceSettings settings, string clock)
    {
        _clocks.Add(clock);
        if (_library is null)
        {
            return settings;
        }

        File.WriteAllText(clock, "+0");
        return settings.With("LD_PRELOAD", _library).With("FAKETIME_TIMESTAMP_FILE", clock).With("FAKETIME_NO_CACHE", "1")
            .With("FAKETIME_DONT_FAKE_MONOTONIC", "1").With("DONT_FAKE_MONOTONIC", "1");
    }

    public void SetClock(int instance, TimeSpan by) => File.WriteAllText(_clocks[instance], string.Create(CultureInfo.InvariantCulture, $"{(by < TimeSpan.Zero ? "" : "+")}{by.TotalSeconds:0}"));

    public async Task RestartAsync(Fault server)
    {
        using var restart = Process.Start(new ProcessStartInfo("bash", ["-c", CommandOf(server)!]))!;
        await restart.WaitForExitAsync();
        if (restart.ExitCode != 0)
        {
            throw new InvalidOperationException($"{server} ended with exit code {restart.ExitCode}.");
        }
    }

    private static string? CommandOf(Fault server) => Environment.GetEnvironmentVariable(server == Fault.RestartPostgres ? "PLATFORM_FAULT_POSTGRES" : "PLATFORM_FAULT_RABBITMQ");

    private static int Number(string variable, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(variable), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
