using System.Globalization;

namespace Platform.Campaigns.Dispatches;

/// <summary>
/// The stamp of a dispatch's files: <c>YYYYMMDDHHMMSS</c> in the connection's zone. Every stamp of a connection is later than the one before, so that two dispatches of one second, or of
/// the hour that clocks repeat in autumn, never have files of one name.
/// </summary>
internal static class Stamps
{
    private const string Format = "yyyyMMddHHmmss";

    public static DateTime Next(DateTimeOffset now, string timeZone, DateTime? last)
    {
        var local = TimeZoneInfo.ConvertTime(now, TimeZoneInfo.FindSystemTimeZoneById(timeZone)).DateTime;
        var second = DateTime.SpecifyKind(new(local.Ticks - (local.Ticks % TimeSpan.TicksPerSecond)), DateTimeKind.Unspecified);
        return last is { } given && given >= second ? given.AddSeconds(1) : second;
    }

    public static string Text(DateTime stamp) => stamp.ToString(Format, CultureInfo.InvariantCulture);
}
