using System.Text.Json.Serialization;
using Platform.ServiceDefaults;

namespace Platform.Credentials.Endpoints;

/// <summary>A credential as it is created or changed.</summary>
internal sealed class CredentialInput
{
    /// <summary>Unique; 1 to 200 characters.</summary>
    public string? Name { get; init; }

    /// <summary>One of the types of GET /api/credential-types; never changes.</summary>
    public string? Type { get; init; }

    /// <summary>What it is for; at most 2000 characters.</summary>
    public string? Description { get; init; }

    /// <summary>Free name-value pairs, at most 64.</summary>
    public Dictionary<string, string>? Labels { get; init; }

    /// <summary>The fields of the type, as its schema says. All are text; a number is taken as its text, a list of texts as its lines.</summary>
    [JsonConverter(typeof(FieldTexts))]
    public Dictionary<string, string?>? Fields { get; init; }

    public List<FieldProblem> CheckNaming()
    {
        var problems = new List<FieldProblem>();
        if (string.IsNullOrWhiteSpace(Name) || Name.Length > 200 || Name != Name.Trim() || Name.Any(char.IsControl))
        {
            problems.Add(new("$.name", "Required: 1 to 200 characters, without control characters and without spaces at either end."));
        }

        if (Description is { Length: > 2000 })
        {
            problems.Add(new("$.description", $"At most 2000 characters are allowed; these are {Description.Length}."));
        }
        else if (CheckText(Description) is { } problem)
        {
            problems.Add(new("$.description", problem));
        }

        if (Labels is not null && (Labels.Count > 64 || Labels.Any(label => label.Key.Length is 0 or > 100 || label.Value is not { Length: <= 200 } || (label.Key + label.Value).Any(char.IsControl))))
        {
            problems.Add(new("$.labels", "At most 64 labels are allowed, with names of 1 to 100 and values of at most 200 characters and no control characters."));
        }

        return problems;
    }

    /// <summary>Texts of several lines may have tabs and line breaks, and no other control characters: the database takes no NUL.</summary>
    public static string? CheckText(string? text) =>
        text?.Any(character => char.IsControl(character) && character is not ('\n' or '\r' or '\t')) == true ? "Contains a control character other than tabs and line breaks." : null;
}
