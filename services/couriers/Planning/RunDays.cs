using Platform.Contracts.Couriers;
using Platform.Couriers.Runs;

namespace Platform.Couriers.Planning;

/// <summary>
/// The days whose files a run looks for (R4, S3). Outside the window each day needs its files; within it the newest file satisfies, and days without files are no fault. Dates are held
/// against the window by the wall clock of the zone they are written in.
/// </summary>
internal sealed class RunDays
{
    private readonly RunMode _mode;
    private readonly HashSet<DateOnly> _days = [];
    private readonly DateTime _from;
    private readonly DateTime _through;

    public RunDays(CourierRun run)
    {
        _mode = run.Mode;
        HasWindow = run is { AcceptFrom: not null, AcceptThrough: not null };
        if (HasWindow)
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(run.FileTimeZone ?? "UTC");
            _from = TimeZoneInfo.ConvertTime(run.AcceptFrom!.Value, zone).DateTime;
            _through = TimeZoneInfo.ConvertTime(run.AcceptThrough!.Value, zone).DateTime;
            Add(FirstOfWindow, LastOfWindow.AddDays(1));
        }

        switch (run.Mode)
        {
            case RunMode.Day:
                _days.Add(run.Date!.Value);
                break;
            case RunMode.Period:
                Add(run.PeriodStart!.Value, run.PeriodEnd!.Value);
                break;
            case RunMode.All:
                break;
            default:
                throw new InvalidOperationException($"Unknown mode {run.Mode}.");
        }

        InOrder = [.. _days.Order()];
    }

    /// <summary>Each day once, the earliest first; empty for all available data.</summary>
    public IReadOnlyList<DateOnly> InOrder { get; }

    public bool HasWindow { get; }

    public DateOnly FirstOfWindow => DateOnly.FromDateTime(_from);

    public DateOnly LastOfWindow => DateOnly.FromDateTime(_through);

    public bool InWindow(DateOnly day) => HasWindow && day >= FirstOfWindow && day <= LastOfWindow;

    /// <summary>False for an hour of the window's days that lies outside it.</summary>
    public bool Accepts(DateOnly? day, int? hour)
    {
        if (hour is not { } h || day is not { } date || !InWindow(date))
        {
            return true;
        }

        var dated = date.ToDateTime(new TimeOnly(h, 0));
        return dated >= _from && dated <= _through;
    }

    /// <summary>False for a day that is another run's.</summary>
    public bool Covers(DateOnly? date) => _mode == RunMode.All || date is not { } day || _days.Contains(day);

    private void Add(DateOnly start, DateOnly end)
    {
        for (var day = start; day < end; day = day.AddDays(1))
        {
            _days.Add(day);
        }
    }
}
