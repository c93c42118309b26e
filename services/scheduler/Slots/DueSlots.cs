using Platform.Contracts.Scheduler;

namespace Platform.Scheduler.Slots;

/// <summary>A due time that is to be used.</summary>
internal readonly record struct DueSlot(DateTimeOffset Slot, GroupRunTrigger Trigger, int Missed);

/// <summary>What to do about the due times up to now (S5): which are used, how many are given up, and which one comes next.</summary>
internal sealed record DueSlots(IReadOnlyList<DueSlot> Used, int GivenUp, DateTimeOffset? LastGivenUp, DateTimeOffset? Next)
{
    /// <summary>So many are handed out at once when each missed one is made up for; the others follow in the next step.</summary>
    private const int AtOnce = 100;

    /// <param name="first">The earliest due time not yet dealt with.</param>
    /// <param name="now">The present.</param>
    /// <param name="after">The due time after another.</param>
    /// <param name="policy">About those that passed longer ago than <paramref name="grace"/>.</param>
    /// <param name="grace">How late is still in time.</param>
    public static DueSlots UpTo(DateTimeOffset now, DateTimeOffset first, Func<DateTimeOffset, DateTimeOffset?> after, CatchUpPolicy policy, TimeSpan grace)
    {
        var missed = 0;
        DateTimeOffset? lastMissed = null;
        var used = new List<DueSlot>();
        DateTimeOffset? slot = first;
        for (; slot is { } due && due <= now && used.Count < AtOnce; slot = after(due))
        {
            if (due >= now - grace)
            {
                used.Add(new(due, GroupRunTrigger.Schedule, 0));
            }
            else if (policy == CatchUpPolicy.All)
            {
                used.Add(new(due, GroupRunTrigger.CatchUp, 0));
            }
            else
            {
                missed++;
                lastMissed = due;
            }
        }

        if (policy == CatchUpPolicy.One && lastMissed is { } latest)
        {
            if (used.Count == 0)
            {
                return new([new(latest, GroupRunTrigger.CatchUp, missed - 1)], 0, null, slot);
            }

            used[0] = used[0] with { Trigger = GroupRunTrigger.CatchUp, Missed = missed };
            return new(used, 0, null, slot);
        }

        return new(used, missed, lastMissed, slot);
    }
}
