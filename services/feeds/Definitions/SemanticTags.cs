namespace Platform.Feeds.Definitions;

/// <summary>A semantic tag that the platform knows.</summary>
/// <param name="Tag">As it is written at a field; <c>…</c> stands for a name of the user's.</param>
/// <param name="Group">What it belongs to.</param>
/// <param name="Meaning">What the values are.</param>
public sealed record SemanticTagView(string Tag, string Group, string Meaning);

/// <summary>The semantic tags of the seeds' system (F6), and which of them the name of a field suggests. Others are allowed: they are custom ones.</summary>
internal static class SemanticTags
{
    public static readonly IReadOnlyList<SemanticTagView> All =
    [
        .. Group("customer profile", ("given-name", "first name"), ("surname", "last name"), ("full-name", "first and last name"), ("generational-suffix", "Jr., III"), ("generation", "birth cohort"),
            ("title", "Mr., Dr."), ("email", "e-mail address"), ("phone", "telephone number"), ("address", "street and number"), ("address2", "apartment, floor"), ("city", "city"), ("state", "state or province"),
            ("postal", "postal code"), ("country", "country"), ("birthdate", "day of birth"), ("gender", "gender"), ("company", "employer"), ("loyalty-id", "number in a loyalty programme"),
            ("create-dt", "when the record was made"), ("update-dt", "when the record was last changed")),
        .. Group("keys", ("pk", "primary key"), ("ck", "customer key"), ("bk", "blocking key: records of one value are compared"), ("sk", "separation key: records of different values are different people"),
            ("fk-…", "points to the record of another table; indexed, and checked by the orphan report")),
        .. Group("transactions", ("order-id", "order"), ("customer-id", "customer of the order"), ("order-datetime", "when it was ordered"), ("order-value", "total of the order"), ("order-quantity", "items of the order"),
            ("order-discount-amount", "discount of the order"), ("currency", "currency"), ("purchase-channel", "where it was ordered"), ("purchase-brand", "brand it was ordered from"), ("store-id", "store"),
            ("payment-method", "how it was paid"), ("is-cancellation", "the order was cancelled"), ("is-return", "items came back")),
        .. Group("itemized transactions", ("product-id", "product"), ("product-name", "name of the product"), ("product-category", "category of the product"), ("item-quantity", "how many of the product"),
            ("item-revenue", "price paid"), ("item-list-price", "list price"), ("item-cost", "cost"), ("item-discount-amount", "discount")),
        .. Group("clickstream", ("user", "user of the site or app"), ("session", "visit"), ("page-view", "page view"), ("event", "event"), ("event-datetime", "when it happened"), ("url", "page"), ("referrer", "page before"), ("device", "device")),
        .. Group("email events", ("email-event", "send, open, click, bounce, unsubscribe"), ("email-event-datetime", "when it happened"), ("email-campaign", "campaign"), ("email-send-id", "send")),
    ];

    /// <summary>Names of fields, letters and digits only, that are no tag themselves.</summary>
    private static readonly Dictionary<string, string> TagsByName = new(StringComparer.Ordinal)
    {
        ["firstname"] = "given-name",
        ["fname"] = "given-name",
        ["lastname"] = "surname",
        ["lname"] = "surname",
        ["familyname"] = "surname",
        ["name"] = "full-name",
        ["emailaddress"] = "email",
        ["mail"] = "email",
        ["phonenumber"] = "phone",
        ["mobile"] = "phone",
        ["telephone"] = "phone",
        ["address1"] = "address",
        ["street"] = "address",
        ["province"] = "state",
        ["postalcode"] = "postal",
        ["zip"] = "postal",
        ["zipcode"] = "postal",
        ["countrycode"] = "country",
        ["dateofbirth"] = "birthdate",
        ["dob"] = "birthdate",
        ["sex"] = "gender",
        ["createdat"] = "create-dt",
        ["updatedat"] = "update-dt",
        ["lastmodified"] = "update-dt",
        ["transactionid"] = "order-id",
        ["sku"] = "product-id",
        ["quantity"] = "item-quantity",
        ["userid"] = "user",
        ["visitorid"] = "user",
        ["sessionid"] = "session",
        ["eventname"] = "event",
        ["pageurl"] = "url",
        ["referer"] = "referrer",
    };

    private static readonly HashSet<string> Known = [.. All.Select(tag => tag.Tag)];

    /// <summary>The tag that the name of a field suggests, else null.</summary>
    public static string? Suggest(string name)
    {
        var letters = Letters(name);
        return TagsByName.GetValueOrDefault(letters) ?? All.FirstOrDefault(tag => Letters(tag.Tag) == letters && tag.Group != "keys")?.Tag;
    }

    /// <summary>The known tag that an unknown one was perhaps meant to be, else null.</summary>
    public static string? Meant(string tag) => Known.Contains(tag) || tag.StartsWith("fk-", StringComparison.Ordinal) ? null
        : Suggest(tag) ?? All.FirstOrDefault(known => known.Tag.Length > 4 && Distance(known.Tag, tag) == 1)?.Tag;

    private static IEnumerable<SemanticTagView> Group(string group, params (string Tag, string Meaning)[] tags) => tags.Select(tag => new SemanticTagView(tag.Tag, group, tag.Meaning));

    private static string Letters(string name) => string.Concat(name.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant();

    /// <summary>How many letters must be changed, added or left out.</summary>
    private static int Distance(string one, string other)
    {
        var row = Enumerable.Range(0, other.Length + 1).ToArray();
        for (var i = 1; i <= one.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= other.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(row[j - 1], above) + 1, diagonal + (one[i - 1] == other[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[other.Length];
    }
}
