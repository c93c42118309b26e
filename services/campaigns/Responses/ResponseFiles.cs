using System.Text.Json;

namespace Platform.Campaigns.Responses;

/// <summary>The response files as the closed-loop interface documents them, column by column. All are exported as text; ids are 64-bit numbers.</summary>
internal static class ResponseFiles
{
    private const string Text = "string";
    private const string Number = "integer";
    private const string Time = "datetime";

    // broadmail_ID is the mailing in a recipient list and the client here: each table says which, so that nobody joins them blindly.
    private static readonly ResponseColumn Client = new(["mailingGroupId", "BROADMAIL_ID"], "client_id", Number,
        "The client in Optimizely Campaign (mailingGroupId, there called BROADMAIL_ID). Not the broadmail_ID of recipient lists, which is a mailing.");

    private static readonly ResponseColumn Mailing = new(["mailingId"], "mailing_id", Number,
        "The mailing that was sent. Not the source mailing that recipient lists name in broadmail_ID: this is the copy that was made of it.")
    { Required = true, Of = ResponseKind.Mailings };

    private static readonly ResponseColumn Recipient = new(["mailingToUserId"], "recipient_id", Number, "Encoded assignment of the recipient to the mailing (mailingToUserId).") { Of = ResponseKind.Recipients };

    private static readonly ResponseColumn Email = new(["userId"], "email", Text, "E-mail address of the recipient (userId).") { Tag = "email" };

    public static IReadOnlyList<ResponseFile> All { get; } =
    [
        new(ResponseKind.Mailings, "{DATE}_mailings.csv", "Mailings that Optimizely Campaign sent.", "id",
        [
            new(["id", "mailingId", "id (mailingId)"], "id", Number, "The mailing that was sent: the copy, not the source mailing.") { Of = ResponseKind.Mailings },
            new(["compoundMasterId"], "campaign_id", Number, "The campaign in Smart Campaigns (compoundMasterId)."),
            Client,
            new(["mailing.recipientLists", "recipientLists"], "recipient_list_id", Number, "The recipient list (mailing.recipientLists)."),
            new(["started"], "started", Time, "When sending began."),
            new(["finished"], "finished", Time, "When sending ended."),
        ]),
        new(ResponseKind.Recipients, "{DATE}_mailingrecipients.csv", "The sending log: one row for each recipient of a mailing.", "id",
        [
            new(["id", "mailingToUserId", "id (mailingToUserId)"], "id", Number, "Encoded assignment of the recipient to the mailing (mailingToUserId).") { Of = ResponseKind.Recipients },
            Mailing,
            Client,
            Email,
            new(["created"], "created", Time, "When it was sent."),
            new(["sendingStatus"], "sending_status", Text, "sending, sent or could_not_be_sent; other words are kept."),
            new(["deliveryStatus"], "delivery_status", Text, "OK, HARD (hard bounce) or SOFT (soft bounce); other words are kept."),
            new(["response.category", "responseCategory"], "response_category", Text, "unknown (a reply), bounce, temporary_bounce (both soft), fatal_bounce (hard), autoresponder; other words are kept."),
        ]),
        new(ResponseKind.Links, "{DATE}_links.csv", "Links of mailings, as far as they are tracked.", "id",
        [
            new(["id", "linkId", "id (linkId)"], "id", Number, "The link.") { Of = ResponseKind.Links },
            Mailing,
            Recipient,
            Client,
            new(["name"], "name", Text, "Name of the link."),
            new(["url"], "url", Text, "Target of the link.") { Tag = "url" },
        ]),
        new(ResponseKind.Clicks, "{DATE}_clicks.csv", "Clicks, each a row: several of one recipient within one second are several rows.", null, [Link("The link that was clicked."), .. Event("the click"), .. Device("click"), DeviceType("click")]),
        new(ResponseKind.Opens, "{DATE}_opens.csv", "Openings, each a row.", null, [Link("The link by which the opening was noticed."), .. Event("the opening"), .. Device("open"), DeviceType("open")]),
        new(ResponseKind.AutomatedOpens, "{DATE}_automated_opens.csv", "Openings that a mail program made by itself (Apple Mail Privacy Protection).", null, [.. Event("the opening"), .. Device("open")]),
        new(ResponseKind.Unsubscribes, "{DATE}_unsubscribes.csv", "Recipients who unsubscribed in response to a mailing.", null, [.. Event("the unsubscribing")]),
        new(ResponseKind.Responses, "{DATE}_responses.csv", "E-mails that came back to the sender address.", null,
        [
            .. Event("the e-mail"),
            new(["category"], "category", Text, "unknown (a reply), bounce, temporary_bounce (both soft), fatal_bounce (hard), autoresponder; other words are kept."),
        ]),
    ];

    /// <summary>The names of the files by kind, where nothing else is agreed.</summary>
    public static IReadOnlyDictionary<ResponseKind, string> Names { get; } = All.ToDictionary(file => file.Kind, file => file.File);

    /// <summary>The kind as JSON and file tags write it.</summary>
    public static string Word(ResponseKind kind) => JsonNamingPolicy.CamelCase.ConvertName(kind.ToString());

    private static ResponseColumn Link(string what) => new(["linkId"], "link_id", Number, what) { Of = ResponseKind.Links };

    private static IEnumerable<ResponseColumn> Event(string what) =>
        [Mailing, Recipient, Client, Email, new(["created"], "created", Time, $"When {what} happened.") { Required = true, Tag = "email-event-datetime" }];

    private static IEnumerable<ResponseColumn> Device(string what) =>
    [
        new([$"{what}.browser", "browser"], "browser", Text, "Web browser or mail program."),
        new([$"{what}.platform", "platform"], "platform", Text, "Operating system."),
    ];

    private static ResponseColumn DeviceType(string what) => new([$"{what}.device", "device"], "device", Text, "Type of the device.") { Tag = "device" };
}
