using Platform.ServiceDefaults;

namespace Platform.Feeds.Definitions;

/// <summary>Why something about a feed is refused.</summary>
internal static class FeedRefusals
{
    public static Refusal Unknown(string id) => Refusal.NotFound("feed", id, "GET /api/feeds lists them.");

    public static Refusal NameTaken(string table) => Refusal.Conflict("name-taken", "The name is taken",
        $"There is already a feed with the domain table '{table}', upper and lower case aside. Choose another name or source.");

    public static Refusal NameFixed(string table) => Refusal.Conflict("name-fixed", "The name is fixed",
        $"The feed is active and its domain table is called '{table}'. Keep source and name, or create a new feed.");

    public static Refusal Busy(string id) => Refusal.Conflict("feed-busy", "A load is running",
        $"A load of the feed {id} is running; its definition and table stay as they are until it ends. Try again then, or cancel the load.");

    public static Refusal LoadsWaiting(string id, int loads) => Refusal.Conflict("loads-waiting", "Loads are waiting",
        $"{loads} loads of the feed {id} have not ended. Wait for them or cancel them, then delete the feed.");

    public static Refusal HasRows(string table, long rows) => Refusal.Conflict("table-has-rows", "The table has rows",
        $"The domain table '{table}' has {rows} rows, which would be lost. To delete them too, repeat the request with ?withData=true.");

    public static Refusal NoPrimaryKey { get; } = Refusal.Invalid("The draft cannot be activated",
        [new("$.primaryKey", "No primary key. Name the field or fields that identify a row, or set keyless true to keep every row.")]);

    public static Refusal NoSample(string id) => Refusal.Conflict("no-sample", "There is no sample file",
        $"The feed {id} was created without a sample file. Activate it with loadSample false.");

    public static Refusal SampleNotReadable(string fileName, string why) => new(422, "sample-not-readable", "The sample file cannot be read",
        $"The schema cannot be inferred from '{fileName}': {why}");

    public static Refusal SampleMismatch(string fileId, IReadOnlyList<FieldProblem> differences) => new(422, "sample-mismatch", "The file does not match the feed",
        $"{differences.Count} fields of the feed and columns of the landed file {fileId} differ, listed under 'errors'. Nothing was changed. Choose another file, or change the fields.")
    { Errors = differences };

    public static Refusal NotActive(string id) => Refusal.Conflict("feed-not-active", "The feed is not active",
        $"The feed {id} has no domain table in force. Activate it first.");

    public static Refusal UnknownSample(string fileId) => Refusal.Invalid("The feed cannot be created",
        [new("$.sampleFileId", $"There is no landed file '{fileId}'. GET /api/landed-files lists them.")]);

    public static Refusal CouriersAway(string why) => new(503, "couriers-unavailable", "The couriers service does not answer",
        $"The landed file cannot be looked up: {why} Try again in a few seconds.");
}
