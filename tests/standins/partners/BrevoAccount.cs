using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

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

    /// <summary>When it was last created or updated.</summary>
    public DateTimeOffset ModifiedAt { get; set; } = DateTimeOffset.UnixEpoch;
}

/// <summary>
/// An account at Brevo. Its unpleasant sides are played too: a batch with one unknown or bad address is refused whole, values for unknown attributes and of the wrong type are
/// dropped without a word, imports end without saying what they dropped, events have no idempotency.
/// </summary>
public sealed class BrevoAccount : StandInAccount
{
    private readonly Dictionary<string, StandInContact> _contacts = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(long Id, DateTimeOffset Until)> _processes = [];
    private readonly List<JsonObject> _events = [];
    private ((long List, DateTimeOffset Since, long Writes) Key, List<StandInContact> Members) _listed = (default, []);
    private long _writes;

    /// <summary>The key that opens it.</summary>
    public required string ApiKey { get; set; }

    /// <summary>How long an import takes.</summary>
    public TimeSpan ImportDuration { get; set; } = TimeSpan.Zero;

    /// <summary>Addresses Brevo refuses, with the reason it gives.</summary>
    public ConcurrentDictionary<string, string> BadEmails { get; } = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Attributes by name: category and type.</summary>
    public Dictionary<string, (string Category, string Type)> Attributes { get; } = new(StringComparer.OrdinalIgnoreCase) { ["FIRSTNAME"] = ("normal", "text") };

    /// <summary>Lists by number.</summary>
    public Dictionary<long, string> Lists { get; } = new() { [7] = "Optimizely" };

    /// <summary>The account's contacts.</summary>
    public IReadOnlyDictionary<string, StandInContact> Contacts
    {
        get
        {
            lock (Gate)
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
            lock (Gate)
            {
                return [.. _events];
            }
        }
    }

    /// <summary>Puts a contact there, as if it had always been.</summary>
    public void Add(string email, params long[] lists)
    {
        lock (Gate)
        {
            var contact = Get(email);
            contact.Lists.UnionWith(lists);
            contact.Writes = 0;
            _writes++;
        }
    }

    internal (int, string) ListAttributes() =>
        (200, new JsonObject { ["attributes"] = new JsonArray([.. Attributes.Select(each => Attribute(each.Key, each.Value))]) }.ToJsonString());

    internal (int, string) ListProcesses() =>
        (200, new JsonObject { ["processes"] = new JsonArray([.. _processes.AsEnumerable().Reverse().Take(50).Select(Process)]), ["count"] = _processes.Count }.ToJsonString());

    internal (int, string) Find(string email) => _contacts.TryGetValue(email, out var contact)
        ? (200, Contact(contact).ToJsonString())
        : (404, Error("document_not_found", "Contact does not exist"));

    private static JsonObject Attribute(string name, (string Category, string Type) attribute) => new() { ["name"] = name, ["category"] = attribute.Category, ["type"] = attribute.Type };

    internal (int, string) CreateAttribute(string name, JsonObject body)
    {
        if (!Attributes.TryAdd(Uri.UnescapeDataString(name).ToUpperInvariant(), ("normal", (string?)body["type"] ?? "text")))
        {
            return (400, """{"code":"invalid_parameter","message":"Attribute name already exists"}""");
        }

        return (201, "");
    }

    internal (int, string) Upsert(JsonObject body)
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

    internal (int, string) Update(JsonArray contacts)
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

    internal (int, string) Import(JsonObject body)
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

    internal (int, string) Members(long listId, IQueryCollection query)
    {
        var offset = int.Parse(query["offset"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        var limit = int.Parse(query["limit"].FirstOrDefault() ?? "50", CultureInfo.InvariantCulture);
        var since = DateTimeOffset.Parse(query["modifiedSince"].FirstOrDefault() ?? "1970-01-01T00:00:00Z", CultureInfo.InvariantCulture);
        // Paging through a million members must not cost a million steps a page.
        if (_listed.Key != (listId, since, _writes))
        {
            _listed = ((listId, since, _writes), [.. _contacts.Values.Where(contact => contact.Lists.Contains(listId) && contact.ModifiedAt >= since).OrderBy(contact => contact.Id)]);
        }

        var members = _listed.Members;
        return (200, new JsonObject { ["contacts"] = new JsonArray([.. members.Skip(offset).Take(limit).Select(Listed)]), ["count"] = members.Count }.ToJsonString());
    }

    internal (int, string) List(long listId) => Lists.TryGetValue(listId, out var name)
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

    internal (int, string) AddEvents(JsonArray events)
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

    internal (int, string) FindEvents(IQueryCollection query)
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
        _writes++;
        contact.ModifiedAt = TimeProvider.System.GetUtcNow();
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

    private static JsonObject Contact(StandInContact contact) => new(Listed(contact).Select(each => KeyValuePair.Create(each.Key, each.Value?.DeepClone())).Append(new("statistics", new JsonObject())));

    private static JsonObject Listed(StandInContact contact) => new()
    {
        ["id"] = contact.Id,
        ["email"] = contact.Email,
        ["emailBlacklisted"] = false,
        ["smsBlacklisted"] = false,
        ["createdAt"] = "2026-01-13T17:05:09Z",
        ["modifiedAt"] = contact.ModifiedAt.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture),
        ["listIds"] = new JsonArray([.. contact.Lists.Select(list => JsonValue.Create(list))]),
        ["attributes"] = contact.Attributes.DeepClone(),
    };

    private static JsonObject Process((long Id, DateTimeOffset Until) process) => new()
    {
        ["id"] = process.Id,
        ["name"] = "IMPORTUSER",
        ["status"] = TimeProvider.System.GetUtcNow() < process.Until ? "in_process" : "completed",
    };

    private static string Error(string code, string message) => new JsonObject { ["code"] = code, ["message"] = message }.ToJsonString();
}
