using System.Text.Json.Nodes;
using Platform.ServiceDefaults;

namespace Platform.Credentials.Kinds;

/// <summary>One type of credential: its fields are data, from which validation, the published schema and the split into secret and plain fields follow.</summary>
internal abstract class CredentialKind
{
    /// <summary>The name in the API, for example <c>iam-credential</c>.</summary>
    public abstract string Name { get; }

    public abstract string Title { get; }

    public abstract string Description { get; }

    public abstract IReadOnlyList<CredentialField> Fields { get; }

    /// <summary>The service that owns the connector, and so the one that tries a credential of this type.</summary>
    public abstract string TestedBy { get; }

    /// <summary>The services that may fetch the secrets of this type.</summary>
    public virtual IReadOnlyList<string> UsedBy => [TestedBy];

    /// <summary>Problems that concern more than one field; the fields by themselves are already checked.</summary>
    protected virtual IEnumerable<FieldProblem> CheckTogether(IReadOnlyDictionary<string, string> fields) => [];

    /// <summary>Fields which, when they get another value, need <paramref name="secretField"/> entered again.</summary>
    public virtual IEnumerable<string> SecretBelongsTo(string secretField) => [];

    /// <summary>Every problem of a complete set of fields, with its JSON path. Messages never quote a value of a secret field.</summary>
    public List<FieldProblem> Validate(IReadOnlyDictionary<string, string> fields)
    {
        var problems = new List<FieldProblem>();
        foreach (var unknown in fields.Keys.Where(name => Fields.All(field => field.Name != name)))
        {
            problems.Add(new(PathOf(unknown), $"The type {Name} has no such field; it has {string.Join(", ", Fields.Select(field => field.Name))}."));
        }

        foreach (var field in Fields)
        {
            if (!fields.TryGetValue(field.Name, out var value))
            {
                if (field.Required)
                {
                    problems.Add(new(PathOf(field.Name), $"Required: {field.Description}"));
                }
            }
            else if (field.Check(value) is { } problem)
            {
                problems.Add(new(PathOf(field.Name), problem));
            }
        }

        if (problems.Count == 0)
        {
            problems.AddRange(CheckTogether(fields));
        }

        return problems;
    }

    /// <summary>The fields as JSON Schema (2020-12): secret ones are <c>writeOnly</c>.</summary>
    public JsonObject Schema()
    {
        var properties = new JsonObject();
        foreach (var field in Fields)
        {
            var property = new JsonObject { ["type"] = "string", ["title"] = field.Title, ["description"] = field.Description, ["maxLength"] = field.MaxLength };
            if (field.Example is not null)
            {
                property["examples"] = new JsonArray(field.Example);
            }

            if (field.Multiline)
            {
                property["x-multiline"] = true;
            }

            if (field.Secret)
            {
                property["writeOnly"] = true;
                property["format"] = "password";
            }

            properties[field.Name] = property;
        }

        return new()
        {
            ["$schema"] = "https://json-schema.org/draft/2020-12/schema",
            ["type"] = "object",
            ["properties"] = properties,
            ["required"] = new JsonArray([.. Fields.Where(field => field.Required).Select(field => (JsonNode)field.Name)]),
            ["additionalProperties"] = false,
        };
    }

    /// <summary>JSON path of a field, whatever its name has in it.</summary>
    public static string PathOf(string field) =>
        field.Length > 0 && field.All(char.IsAsciiLetterOrDigit) ? $"$.fields.{field}" : $"$.fields['{field.Replace("'", "\\'", StringComparison.Ordinal)}']";
}

/// <summary>One field of a credential type. All values are text.</summary>
internal sealed record CredentialField(string Name, string Title, string Description)
{
    /// <summary>Stored encrypted and never shown again.</summary>
    public bool Secret { get; init; }

    public bool Required { get; init; }

    /// <summary>In characters.</summary>
    public int MaxLength { get; init; } = 256;

    public string? Example { get; init; }

    /// <summary>May have several lines, as keys do.</summary>
    public bool Multiline { get; init; }

    /// <summary>What is wrong with a value, or null. Must not quote the value of a secret field.</summary>
    public Func<string, string?> Rule { get; init; } = _ => null;

    /// <summary>How an entered value is kept, for texts that come in more than one form.</summary>
    public Func<string, string> Normalize { get; init; } = value => value;

    public string? Check(string value) => value.Length > MaxLength ? $"At most {MaxLength} characters are allowed; these are {value.Length}." : Rule(value);
}
