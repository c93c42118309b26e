using Platform.Contracts.Couriers;
using Platform.Couriers.Endpoints;
using Platform.ServiceDefaults;

namespace Platform.Couriers.Runs;

/// <summary>What a run was asked to accept besides its own days, and how long it waits for them (S3).</summary>
internal readonly record struct RunWindow(DateTimeOffset? From, DateTimeOffset? Through, DateTimeOffset? WaitUntil);

/// <summary>Checks and reads windows and waits, of the API and of the bus.</summary>
internal static class RunWindows
{
    private static readonly TimeSpan LongestOffset = TimeSpan.FromDays(366);
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(30);

    // Timestamps in the database have microseconds.
    private static readonly TimeSpan Finest = TimeSpan.FromMicroseconds(1);

    /// <summary>The window of a run asked for by hand: from the start of its last day minus the offset through the end of that day.</summary>
    public static (RunWindow Window, IReadOnlyList<FieldProblem> Problems) Read(RunInput input, DateTimeOffset now)
    {
        var problems = new List<FieldProblem>();
        var zone = CheckZone("$.timeZone", input.TimeZone, problems);
        var wait = Length("$.wait", input.Wait, LongestWait, problems);
        var offset = Length("$.offset", input.Offset, LongestOffset, problems);
        DateOnly? last = input.Mode switch
        {
            RunMode.Day => input.Date,
            RunMode.Period => input.End is { DayNumber: > 0 } end ? end.AddDays(-1) : null,
            _ => null,
        };
        if (offset is not null && input.Mode == RunMode.All)
        {
            problems.Add(new("$.offset", "does not go with mode 'all', which takes files of every date; leave it out."));
        }

        var waitUntil = wait > TimeSpan.Zero ? now + wait : null;
        if (problems.Count > 0 || offset is null || last is not { Year: > 1 and < 9999 } day)
        {
            return (new(null, null, waitUntil), problems);
        }

        var start = day.ToDateTime(TimeOnly.MinValue);
        return (new(InstantOf(start - offset.Value, zone!), InstantOf(start.AddDays(1), zone!) - Finest, waitUntil), problems);
    }

    /// <summary>Everything wrong with the window of a command.</summary>
    public static IReadOnlyList<FieldProblem> Check(RunCourier command)
    {
        var problems = new List<FieldProblem>();
        CheckZone("$.fileTimeZone", command.FileTimeZone, problems);
        if (command.AcceptFrom is null != command.AcceptThrough is null)
        {
            problems.Add(new(command.AcceptFrom is null ? "$.acceptFrom" : "$.acceptThrough", "is missing; a window has both ends."));
        }
        else if (command.AcceptFrom is { } from && command.AcceptThrough is { } through)
        {
            if (command.Mode == RunMode.All)
            {
                problems.Add(new("$.acceptFrom", "does not go with mode 'all', which takes files of every date."));
            }

            if (through < from || through - from > LongestOffset + TimeSpan.FromDays(1))
            {
                problems.Add(new("$.acceptThrough", through < from ? "is before acceptFrom." : $"makes a window longer than {Durations.Words(LongestOffset)}."));
            }
        }

        return problems;
    }

    private static TimeSpan? Length(string path, string? text, TimeSpan longest, List<FieldProblem> problems)
    {
        if (text is null)
        {
            return null;
        }

        if (!Durations.TryParse(text, out var value))
        {
            problems.Add(new(path, $"'{text}' is no length of time; expected {Durations.Grammar}."));
        }
        else if (value > longest)
        {
            problems.Add(new(path, $"'{text}' is too long; at most {Durations.Words(longest)}."));
        }

        return value;
    }

    private static TimeZoneInfo? CheckZone(string path, string? id, List<FieldProblem> problems)
    {
        if (id is null)
        {
            return TimeZoneInfo.Utc;
        }

        if (TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) && zone.HasIanaId)
        {
            return zone;
        }

        problems.Add(new(path, $"'{id}' is no time zone of the IANA database; expected a name like Europe/Berlin."));
        return null;
    }

    // A local time that a clock change leaves out is the first moment after the gap.
    private static DateTimeOffset InstantOf(DateTime local, TimeZoneInfo zone)
    {
        while (zone.IsInvalidTime(local))
        {
            local = local.AddMinutes(1);
        }

        return new DateTimeOffset(local, zone.GetUtcOffset(local)).ToUniversalTime();
    }
}
