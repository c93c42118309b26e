using System.Globalization;
using System.Text;

namespace Platform.CampaignStandIns;

/// <summary>The eight response files of one day, with the seed's columns: written under temporary names, then renamed over what is there.</summary>
internal sealed class ResponseFiles(Agreement agreement)
{
    private static readonly string[] Mailings = ["id", "compoundMasterId", "mailingGroupId", "mailing.recipientLists", "started", "finished"];
    private static readonly string[] Recipients = ["id", "mailingId", "mailingGroupId", "userId", "created", "sendingStatus", "deliveryStatus", "response.category"];
    private static readonly string[] Links = ["id", "mailingId", "mailingToUserId", "mailingGroupId", "name", "url"];
    private static readonly string[] Clicks = ["linkId", "mailingId", "mailingToUserId", "mailingGroupId", "userId", "created", "click.browser", "click.platform", "click.device"];
    private static readonly string[] Opens = ["linkId", "mailingId", "mailingToUserId", "mailingGroupId", "userId", "created", "open.browser", "open.platform", "open.device"];
    private static readonly string[] AutomatedOpens = ["mailingId", "mailingToUserId", "mailingGroupId", "userId", "created", "open.browser", "open.platform"];
    private static readonly string[] Unsubscribes = ["mailingId", "mailingToUserId", "mailingGroupId", "userId", "created"];
    private static readonly string[] Responses = ["mailingId", "mailingToUserId", "mailingGroupId", "userId", "created", "category"];

    private static readonly (string Name, string Url)[] LinksOfAMail = [("Impressum", "http://www.example.com"), ("Shop; new \"arrivals\"", "http://www.example.com/shop?a=1;b=2")];

    public IReadOnlyList<string> Write(DateOnly day, IReadOnlyList<Mailing> mailings)
    {
        var everybody = mailings.SelectMany(mailing => mailing.Recipients.Select(recipient => (Mailing: mailing, Recipient: recipient))).ToList();
        return
        [
            Write(day, "mailings", Mailings, mailings.Select(mailing => Row(mailing.Id, 71206365463, mailing.Client, 58243723257, Time(mailing.Started), Time(mailing.Finished)))),
            Write(day, "mailingrecipients", Recipients, everybody.Select(one => Row(
                one.Recipient.Id, one.Mailing.Id, one.Mailing.Client, one.Recipient.Email, Time(one.Mailing.Started), one.Recipient.Reaction.SendingStatus, one.Recipient.Reaction.DeliveryStatus,
                one.Recipient.Reaction.Category))),
            Write(day, "links", Links, everybody.Where(one => one.Recipient.Reaction.Opens > 0).SelectMany(one => LinksOfAMail.Select((link, i) => Row(
                one.Recipient.FirstLink + i, one.Mailing.Id, one.Recipient.Id, one.Mailing.Client, link.Name, link.Url)))),
            Write(day, "clicks", Clicks, everybody.SelectMany(one => Enumerable.Range(0, one.Recipient.Reaction.Clicks).Select(i => Row(
                one.Recipient.FirstLink + (i % LinksOfAMail.Length), one.Mailing.Id, one.Recipient.Id, one.Mailing.Client, one.Recipient.Email, Time(one.Mailing.Finished, 2), "Firefox 64.1", "Windows 10", "Desktop")))),
            Write(day, "opens", Opens, everybody.SelectMany(one => Enumerable.Range(0, one.Recipient.Reaction.Opens).Select(_ => Row(
                one.Recipient.FirstLink, one.Mailing.Id, one.Recipient.Id, one.Mailing.Client, one.Recipient.Email, Time(one.Mailing.Finished, 1), "Firefox 64.1", "Windows 10", "Desktop")))),
            Write(day, "automated_opens", AutomatedOpens, everybody.SelectMany(one => Enumerable.Range(0, one.Recipient.Reaction.AutomaticOpens).Select(_ => Row(
                one.Mailing.Id, one.Recipient.Id, one.Mailing.Client, one.Recipient.Email, Time(one.Mailing.Finished, 1), "Apple Mail Privacy Protection", "unknown")))),
            Write(day, "unsubscribes", Unsubscribes, everybody.Where(one => one.Recipient.Reaction.Unsubscribes).Select(one => Row(
                one.Mailing.Id, one.Recipient.Id, one.Mailing.Client, one.Recipient.Email, Time(one.Mailing.Finished, 3)))),
            Write(day, "responses", Responses, everybody.Where(one => one.Recipient.Reaction.Category is not null).Select(one => Row(
                one.Mailing.Id, one.Recipient.Id, one.Mailing.Client, one.Recipient.Email, Time(one.Mailing.Finished, 4), one.Recipient.Reaction.Category))),
        ];
    }

    /// <summary>The day, in the account's zone, whose files a moment belongs to.</summary>
    public DateOnly DayOf(DateTimeOffset time) => DateOnly.FromDateTime(Local(time));

    private string Write(DateOnly day, string kind, string[] columns, IEnumerable<string> rows)
    {
        var path = Path.Combine(agreement.Folder, "out", string.Create(CultureInfo.InvariantCulture, $"{day:yyyyMMdd}_{kind}.csv"));
        var temporary = $"{path}.tmp";
        using (var writer = new StreamWriter(temporary, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" })
        {
            foreach (var row in agreement.HeaderRows ? rows.Prepend(Row(columns)) : rows)
            {
                writer.WriteLine(row);
            }
        }

        File.Move(temporary, path, overwrite: true);
        return path;
    }

    private static string Row(params object?[] values) => string.Join(';', values.Select(value => value is null
        ? ""
        : $"\"{Convert.ToString(value, CultureInfo.InvariantCulture)!.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));

    private string Time(DateTimeOffset time, int secondsLater = 0) => Local(time.AddSeconds(secondsLater)).ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);

    private DateTime Local(DateTimeOffset time) => TimeZoneInfo.ConvertTime(time, TimeZoneInfo.FindSystemTimeZoneById(agreement.TimeZone)).DateTime;
}
