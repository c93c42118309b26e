using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Platform.PartnerStandIns;

/// <summary>A contact of the stand-in's account.</summary>
public sealed class StandInContact
{
    /// <summary>Brevo's number.</summary>
    public required long Id { get; init; }

    /// <summary>Lower case.</summary>
    public required string Email { get; init; }

    /// <summary>Values by attribute.</summary>
    public JsonObject Attributes { get; } = [];

    /// <summary>Lists it is in.</summary>
    public SortedSet<long> Lists { get; } = [];

    /// <summary>How often it was created or updated: what was sent twice counts twice.</summary>
    public int Writes { get; set; }
}

/// <summary>
/// Brevo's API v3 as far as it is used. Its unpleasant sides are played too: a batch with one unknown or bad address is refused whole, values for unknown attributes and of
/// the wrong type are dropped without a word, imports end without saying what they dropped, events have no idempotency.
/// </summary>
public sealed partial class BrevoStandIn(int port = 0)
    : StandIn([("/v3", Specification.Read("events-2026.openapi.yaml")), ("/v3", Specification.Read("brevo-v3.swagger.yaml"))], port)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, StandInContact> _contacts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(long Id, DateTimeOffset Until)> _processes = [];
    private readonly List<JsonObject> _events = [];

    /// <summary>The only accepted key.</summary>
    public string ApiKey { get; set; } = "xkeysib-stand-in";

    /// <summary>How long an import takes.</summary>
    public TimeSpan ImportDuration { get; set; } = TimeSpan.Zero;

    /// <summary>Addresses Brevo refuses, with the reason it gives.</summary>
    public Dictionary<string, string> BadEmails { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Attributes by name: category and type.</summary>
    public Dictionary<string, (string Category, string Type)> Attributes { get; } = new(StringComparer.OrdinalIgnoreCase) { ["FIRSTNAME"] = ("normal", "text") };

    /// <summary>Lists by number.</summary>
    public Dictionary<long, string> Lists { get; } = new() { [7] = "Optimizely" };

    /// <summary>The account's contacts.</summary>
    public IReadOnlyDictionary<string, StandInContact> Contacts
    {
        get
        {
            lock (_gate)
            {
                return _contacts.ToDictionary(StringComparer.OrdinalIgnoreCase);
            }
        }
    }

    /// <summary>Every event it has.</summary>
    public IReadOnlyList<JsonObject> Events
    {
        get
        {
            lock (_gate)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Puts a contact there, as if it had always been.</summary>
    public void Add(string email, params long[] lists)
    {
        lock (_gate)
        {
            var contact = Get(email);
            contact.Lists.UnionWith(lists);
            contact.Writes = 0;
        }
    }

    /// <inheritdoc/>
    protected override (int Status, string Body)? Answer(HttpContext context, string path, string body)
    {
        if (context.Request.Headers["api-key"] != ApiKey)
        {
            return (401, """{"code":"unauthorized","message":"Key not found"}""");
        }

        lock (_gate)
        {
            return (context.Request.Method, path) switch
            {
                ("GET", "/v3/contacts/attributes") => (200, new JsonObject { ["attributes"] = new JsonArray([.. Attributes.Select(each => Attribute(each.Key, each.Value))]) }.ToJsonString()),
                ("POST", _) when AttributePath().Match(path) is { Success: true } match => CreateAttribute(match.Groups[1].Value, JsonNode.Parse(body)!.AsObject()),
                ("POST", "/v3/contacts") => Upsert(JsonNode.Parse(body)!.AsObject()),
                ("POST", "/v3/contacts/batch") => Update(JsonNode.Parse(body)!["contacts"]!.AsArray()),
                ("POST", "/v3/contacts/import") => Import(JsonNode.Parse(body)!.AsObject()),
                ("GET", "/v3/processes") => (200, new JsonObject { ["processes"] = new JsonArray([.. _processes.AsEnumerable().Reverse().Take(50).Select(Process)]), ["count"] = _processes.Count }.ToJsonString()),
                ("GET", "/v3/contacts/segments") => (200, """{"segments":[{"id":23,"segmentName":"Checkout testers","categoryName":"Experiments","updatedAt":"2026-01-13T17:05:09Z"}],"count":1}"""),
                ("GET", _) when ListMembersPath().Match(path) is { Success: true } match => Members(long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), context.Request.Query),
                ("GET", _) when ListPath().Match(path) is { Success: true } match => List(long.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)),
                ("POST", "/v3/events/batch") => AddEvents(JsonNode.Parse(body)!["events"]!.AsArray()),
                ("GET", "/v3/events") => FindEvents(context.Request.Query),
                ("GET", _) when ContactPath().Match(path) is { Success: true } match => _contacts.TryGetValue(match.Groups[1].Value, out var contact)
                    ? (200, Contact(contact).ToJsonString())
                    : (404, """{"code":"document_not_found","message":"Contact does not exist"}"""),
                _ => null,
            };
        }
    }

    /// <inheritdoc/>
    protected override IEnumerable<(string Name, TimeSpan Window, int Most)> LimitsOf(string method, string path) =>
        path.StartsWith("/v3/contacts", StringComparison.Ordinal) ? [("contacts/s", TimeSpan.FromSeconds(1), 10), ("contacts/h", TimeSpan.FromHours(1), 36_000)]
        : path.StartsWith("/v3/events", StringComparison.Ordinal) ? [("events/s", TimeSpan.FromSeconds(1), 10), ("events/h", TimeSpan.FromHours(1), 36_000)]
        : [("other/h", TimeSpan.FromHours(1), 100)];

    /// <inheritdoc/>
    protected override void AddLimitHeaders(HttpResponse response, TimeSpan reset)
    {
        response.Headers["x-sib-ratelimit-limit"] = "10";
        response.Headers["x-sib-ratelimit-remaining"] = "0";
        response.Headers["x-sib-ratelimit-reset"] = Math.Ceiling(reset.TotalSeconds).ToString(CultureInfo.InvariantCulture);
    }

    private static JsonObject Attribute(string name, (string Category, string Type) attribute) => new() { ["name"] = name, ["category"] = attribute.Category, ["type"] = attribute.Type };

    private (int, string) CreateAttribute(string name, JsonObject body)
    {
        if (!Attributes.TryAdd(Uri.UnescapeDataString(name).ToUpperInvariant(), ("normal", (string?)body["type"] ?? "text")))
        {
            return (400, """{"code":"invalid_parameter","message":"Attribute name already exists"}""");
        }

        return (201, "");
    }

    private (int, string) Upsert(JsonObject body)
    {
        var email = (string?)body["email"] ?? "";
        if (BadEmails.TryGetValue(email, out var reason))
        {
            return (400, Error("invalid_parameter", reason));
        }

        if (_contacts.ContainsKey(email) && (bool?)body["updateEnabled"] != true)
        {
            return (400, Error("duplicate_parameter", "Contact already exist"));
        }

        var isNew = !_contacts.ContainsKey(email);
        var contact = Get(email);
        Apply(contact, body["attributes"] as JsonObject, body["listIds"], null);
        return isNew ? (201, new JsonObject { ["id"] = contact.Id }.ToJsonString()) : (204, "");
    }

    private (int, string) Update(JsonArray contacts)
    {
        foreach (var each in contacts)
        {
            var email = (string?)each!["email"] ?? "";
            if (BadEmails.TryGetValue(email, out var reason))
            {
                return (400, Error("invalid_parameter", reason));
            }

            if (!_contacts.ContainsKey(email))
            {
                return (404, Error("document_not_found", "One or more contacts do not exist"));
            }
        }

        foreach (var each in contacts)
        {
            Apply(Get((string)each!["email"]!), each["attributes"] as JsonObject, each["listIds"], each["unlinkListIds"]);
        }

        return (204, "");
    }

    private (int, string) Import(JsonObject body)
    {
        if (body["listIds"] is not JsonArray { Count: > 0 } lists)
        {
            return (400, Error("missing_parameter", "listIds or newList is missing"));
        }

        foreach (var each in body["jsonBody"]!.AsArray())
        {
            // An import drops what it cannot take and says nothing about it.
            if ((string?)each!["email"] is { } email && !BadEmails.ContainsKey(email))
            {
                Apply(Get(email), each["attributes"] as JsonObject, lists, null);
            }
        }

        _processes.Add((_processes.Count + 1, TimeProvider.System.GetUtcNow() + ImportDuration));
        return (202, new JsonObject { ["processId"] = _processes.Count }.ToJsonString());
    }

    private (int, string) Members(long listId, IQueryCollection query)
    {
        var offset = int.Parse(query["offset"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        var limit = int.Parse(query["limit"].FirstOrDefault() ?? "50", CultureInfo.InvariantCulture);
        var members = _contacts.Values.Where(contact => contact.Lists.Contains(listId)).OrderBy(contact => contact.Id).ToList();
        return (200, new JsonObject { ["contacts"] = new JsonArray([.. members.Skip(offset).Take(limit).Select(Contact)]), ["count"] = members.Count }.ToJsonString());
    }

    private (int, string) List(long listId) => Lists.TryGetValue(listId, out var name)
        ? (200, new JsonObject
        {
            ["id"] = listId,
            ["name"] = name,
            ["totalSubscribers"] = _contacts.Values.Count(contact => contact.Lists.Contains(listId)),
            ["totalBlacklisted"] = 0,
            ["uniqueSubscribers"] = 0,
            ["folderId"] = 1,
            ["createdAt"] = "2026-01-13T17:05:09Z",
        }.ToJsonString())
        : (404, Error("document_not_found", "List ID does not exist"));

    private (int, string) AddEvents(JsonArray events)
    {
        var errors = new JsonArray();
        for (var i = 0; i < events.Count; i++)
        {
            var email = (string?)events[i]!["identifiers"]?["email_id"] ?? "";
            if (BadEmails.TryGetValue(email, out var reason))
            {
                errors.Add(new JsonObject { ["eventIndex"] = new JsonArray(i), ["message"] = reason });
                continue;
            }

            _events.Add(events[i]!.DeepClone().AsObject());
        }

        var failed = errors.Count;
        return failed == 0
            ? (202, new JsonObject { ["message"] = "queued", ["count"] = events.Count }.ToJsonString())
            : (failed == events.Count ? 400 : 207, new JsonObject
            {
                ["status"] = failed == events.Count ? "failed" : "partial",
                ["total_events"] = events.Count,
                ["successful_events"] = events.Count - failed,
                ["failed_events"] = failed,
                ["errors"] = errors,
            }.ToJsonString());
    }

    private (int, string) FindEvents(IQueryCollection query)
    {
        var name = query["event_name"].FirstOrDefault();
        var from = DateTimeOffset.Parse(query["startDate"].FirstOrDefault() ?? "2000-01-01Z", CultureInfo.InvariantCulture);
        var to = DateTimeOffset.Parse(query["endDate"].FirstOrDefault() ?? "2100-01-01Z", CultureInfo.InvariantCulture);
        var offset = int.Parse(query["offset"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        var limit = int.Parse(query["limit"].FirstOrDefault() ?? "100", CultureInfo.InvariantCulture);
        var found = _events.Where(each => (string?)each["event_name"] == name && DateTimeOffset.Parse((string)each["event_date"]!, CultureInfo.InvariantCulture) is var at && at >= from && at <= to).ToList();
        return (200, new JsonObject
        {
            ["count"] = found.Count,
            ["events"] = new JsonArray([.. found.Skip(offset).Take(limit).Select(each => new JsonObject
            {
                ["contact_id"] = 1,
                ["event_date"] = (string)each["event_date"]!,
                ["event_name"] = (string)each["event_name"]!,
                ["event_properties"] = each["event_properties"]?.DeepClone(),
            })]),
        }.ToJsonString());
    }

    private StandInContact Get(string email)
    {
        if (!_contacts.TryGetValue(email, out var contact))
        {
            contact = new() { Id = _contacts.Count + 1, Email = email.ToLowerInvariant() };
            _contacts.Add(email, contact);
        }

        return contact;
    }

    private void Apply(StandInContact contact, JsonObject? attributes, JsonNode? lists, JsonNode? unlink)
    {
        foreach (var (name, value) in attributes ?? [])
        {
            if (!Attributes.TryGetValue(name, out var attribute) || value is null || !Fits(attribute.Type, value))
            {
                continue;
            }

            if (value.GetValueKind() == JsonValueKind.String && (string)value! == "")
            {
                contact.Attributes.Remove(name);
            }
            else
            {
                contact.Attributes[name] = value.DeepClone();
            }
        }

        contact.Lists.UnionWith(lists?.AsArray().Select(each => (long)each!) ?? []);
        contact.Lists.ExceptWith(unlink?.AsArray().Select(each => (long)each!) ?? []);
        contact.Writes++;
    }

    private static bool Fits(string type, JsonNode value) => (type, value.GetValueKind()) switch
    {
        (_, JsonValueKind.String) when (string)value! == "" => true,
        ("boolean", JsonValueKind.True or JsonValueKind.False) => true,
        ("date", JsonValueKind.String) => DateOnly.TryParseExact((string)value!, "yyyy-MM-dd", out _),
        ("float", JsonValueKind.Number) => true,
        ("text", JsonValueKind.String) => true,
        _ => false,
    };

    private static JsonObject Contact(StandInContact contact) => new()
    {
        ["id"] = contact.Id,
        ["email"] = contact.Email,
        ["emailBlacklisted"] = false,
        ["smsBlacklisted"] = false,
        ["createdAt"] = "2026-01-13T17:05:09Z",
        ["modifiedAt"] = "2026-01-13T17:05:09Z",
        ["listIds"] = new JsonArray([.. contact.Lists.Select(list => JsonValue.Create(list))]),
        ["attributes"] = contact.Attributes.DeepClone(),
        ["statistics"] = new JsonObject(),
    };

    private static JsonObject Process((long Id, DateTimeOffset Until) process) => new()
    {
        ["id"] = process.Id,
        ["name"] = "IMPORTUSER",
        ["status"] = TimeProvider.System.GetUtcNow() < process.Until ? "in_process" : "completed",
    };

    private static string Error(string code, string message) => new JsonObject { ["code"] = code, ["message"] = message }.ToJsonString();

    [GeneratedRegex("^/v3/contacts/attributes/normal/([^/]+)$")]
    private static partial Regex AttributePath();

    [GeneratedRegex("^/v3/contacts/lists/([0-9]+)/contacts$")]
    private static partial Regex ListMembersPath();

    [GeneratedRegex("^/v3/contacts/lists/([0-9]+)$")]
    private static partial Regex ListPath();

    [GeneratedRegex("^/v3/contacts/([^/]+)$")]
    private static partial Regex ContactPath();
}
