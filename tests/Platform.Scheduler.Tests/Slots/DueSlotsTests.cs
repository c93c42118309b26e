using Platform.Contracts.Scheduler;
using Platform.Scheduler.Slots;
using Xunit;

namespace Platform.Scheduler.Tests.Slots;

public sealed class DueSlotsTests
{
    private static readonly DateTimeOffset Noon = new(2026, 5, 2, 12, 0, 0, TimeSpan.Zero);
    private static readonly TimeSpan Grace = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(CatchUpPolicy.One)]
    [InlineData(CatchUpPolicy.All)]
    [InlineData(CatchUpPolicy.None)]
    public void A_slot_in_time_is_used_under_every_policy(CatchUpPolicy policy)
    {
        var due = Hourly(Noon, Noon.AddMinutes(1), policy);
        Assert.Equal([new DueSlot(Noon, GroupRunTrigger.Schedule, 0)], due.Used);
        Assert.Equal((0, Noon.AddHours(1)), (due.GivenUp, due.Next));
    }

    [Fact]
    public void One_makes_up_for_all_missed_slots_with_the_latest_of_them()
    {
        var due = Hourly(Noon, Noon.AddHours(5).AddMinutes(30), CatchUpPolicy.One);
        Assert.Equal([new DueSlot(Noon.AddHours(5), GroupRunTrigger.CatchUp, 5)], due.Used);
        Assert.Equal(Noon.AddHours(6), due.Next);
    }

    [Fact]
    public void One_lets_a_slot_in_time_make_up_for_those_before_it()
    {
        var due = Hourly(Noon, Noon.AddHours(5), CatchUpPolicy.One);
        Assert.Equal([new DueSlot(Noon.AddHours(5), GroupRunTrigger.CatchUp, 5)], due.Used);
    }

    [Fact]
    public void All_makes_up_for_each()
    {
        var due = Hourly(Noon, Noon.AddHours(3).AddMinutes(30), CatchUpPolicy.All);
        Assert.Equal([0, 1, 2, 3], due.Used.Select(slot => (int)(slot.Slot - Noon).TotalHours));
        Assert.All(due.Used, slot => Assert.Equal(GroupRunTrigger.CatchUp, slot.Trigger));
    }

    [Fact]
    public void All_goes_in_portions()
    {
        var due = Hourly(Noon, Noon.AddDays(30), CatchUpPolicy.All);
        Assert.Equal(100, due.Used.Count);
        Assert.Equal(Noon.AddHours(100), due.Next);
    }

    [Fact]
    public void None_gives_them_up_and_says_how_many()
    {
        var due = Hourly(Noon, Noon.AddHours(3).AddMinutes(30), CatchUpPolicy.None);
        Assert.Empty(due.Used);
        Assert.Equal((4, Noon.AddHours(3)), (due.GivenUp, due.LastGivenUp));
    }

    [Fact]
    public void A_clock_set_back_makes_nothing_due()
    {
        var due = Hourly(Noon, Noon.AddHours(-3), CatchUpPolicy.All);
        Assert.Empty(due.Used);
        Assert.Equal(Noon, due.Next);
    }

    private static DueSlots Hourly(DateTimeOffset first, DateTimeOffset now, CatchUpPolicy policy) => DueSlots.UpTo(now, first, slot => slot.AddHours(1), policy, Grace);
}
