using System.Text;
using Platform.Files.Engine;

namespace Platform.Feeds.Definitions;

/// <summary>Turns the columns found in a sample file into fields: names made fit for a table, types as inferred, semantic tags suggested from names (F2, F6).</summary>
internal static class DraftFromSample
{
    private const int MaxName = 63;

    private static readonly Dictionary<string, string> TagsByName = new(StringComparer.Ordinal)
    {
        ["givenname"] = "given-name",
        ["firstname"] = "given-name",
        ["fname"] = "given-name",
        ["surname"] = "surname",
        ["lastname"] = "surname",
        ["lname"] = "surname",
        ["familyname"] = "surname",
        ["fullname"] = "full-name",
        ["email"] = "email",
        ["emailaddress"] = "email",
        ["mail"] = "email",
        ["phone"] = "phone",
        ["phonenumber"] = "phone",
        ["mobile"] = "phone",
        ["telephone"] = "phone",
        ["address"] = "address",
        ["address1"] = "address",
        ["street"] = "address",
        ["address2"] = "address2",
        ["city"] = "city",
        ["state"] = "state",
        ["province"] = "state",
        ["postal"] = "postal",
        ["postalcode"] = "postal",
        ["zip"] = "postal",
        ["zipcode"] = "postal",
        ["country"] = "country",
        ["countrycode"] = "country",
        ["birthdate"] = "birthdate",
        ["dateofbirth"] = "birthdate",
        ["dob"] = "birthdate",
        ["gender"] = "gender",
        ["title"] = "title",
        ["company"] = "company",
        ["generation"] = "generation",
        ["sessionid"] = "session",
        ["session"] = "session",
    };

    public static List<FieldInput> Fields(IReadOnlyList<InferredField> columns)
    {
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        return [.. columns.Select(column => new FieldInput
        {
            IncomingName = column.Name,
            Name = ColumnName(column.Name, taken),
            Type = column.Type,
            Precision = column.Type == FieldType.Decimal ? column.Precision : null,
            Scale = column.Type == FieldType.Decimal ? column.Scale : null,
            Pattern = column.Pattern,
            SemanticTags = SuggestTag(column.Name) is { } tag ? [tag] : [],
        })];
    }

    private static string ColumnName(string incoming, HashSet<string> taken)
    {
        var text = new StringBuilder(incoming.Length);
        foreach (var character in incoming)
        {
            text.Append(char.IsAsciiLetterOrDigit(character) ? character : '_');
        }

        var name = text.ToString().Trim('_');
        name = name.Length == 0 ? "field" : name.Length > MaxName ? name[..MaxName] : name;
        var unique = name;
        for (var number = 2; !taken.Add(unique); number++)
        {
            var suffix = $"_{number}";
            unique = $"{(name.Length + suffix.Length > MaxName ? name[..(MaxName - suffix.Length)] : name)}{suffix}";
        }

        return unique;
    }

    private static string? SuggestTag(string incoming) =>
        TagsByName.GetValueOrDefault(string.Concat(incoming.Where(char.IsAsciiLetterOrDigit)).ToLowerInvariant());
}
