using Platform.ServiceDefaults;

namespace Platform.Campaigns.Lists;

/// <summary>What must hold for the fields of a recipient list; every problem at once.</summary>
internal static class RecipientListCheck
{
    private const int LongestVarchar = 65_535;
    private const int MostFields = 500;

    public static List<FieldProblem> Check(IReadOnlyList<RecipientField> fields)
    {
        var problems = new List<FieldProblem>();
        if (fields.Count is 0 or > MostFields)
        {
            problems.Add(new("$.fields", $"Expected 1 to {MostFields} fields; {fields.Count} were given."));
        }

        for (var i = 0; i < fields.Count; i++)
        {
            CheckField(fields, i, problems);
        }

        RequireOne(fields, RecipientFieldRole.Email, "the e-mail address (name it Email, or give it the role email)", problems);
        RequireOne(fields, RecipientFieldRole.SourceMailing, "the source mailing (name it broadmail_ID, or give it the role source-mailing)", problems);
        if (fields.Count(field => field.EffectiveRole == RecipientFieldRole.Wave) > 1)
        {
            problems.Add(new("$.fields", "Only one field can be the wave."));
        }

        return problems;
    }

    private static void CheckField(IReadOnlyList<RecipientField> fields, int i, List<FieldProblem> problems)
    {
        var field = fields[i];
        var path = $"$.fields[{i}]";
        if (field.Name.Trim().Length is 0 or > 200 || field.Name.Any(char.IsControl))
        {
            problems.Add(new($"{path}.name", "Expected a name of 1 to 200 characters."));
        }

        if (fields.Take(i).Any(other => other.Name.Equals(field.Name, StringComparison.OrdinalIgnoreCase)))
        {
            problems.Add(new($"{path}.name", $"'{field.Name}' occurs twice."));
        }

        if (field.Type == RecipientFieldType.Varchar != field.Length is not null)
        {
            problems.Add(new($"{path}.length", field.Type == RecipientFieldType.Varchar ? "A varchar has a length, for example 255." : $"Only a varchar has a length; {field.Type} has none."));
        }
        else if (field.Length is < 1 or > LongestVarchar)
        {
            problems.Add(new($"{path}.length", $"Expected 1 to {LongestVarchar} characters."));
        }

        var role = field.EffectiveRole;
        if (role is RecipientFieldRole.SourceMailing or RecipientFieldRole.Wave && field.Type != RecipientFieldType.Bigint)
        {
            problems.Add(new($"{path}.type", $"'{field.Name}' holds an id of Optimizely Campaign and must be a bigint."));
        }

        if (role is RecipientFieldRole.Email or RecipientFieldRole.ContentUrl && field.Type != RecipientFieldType.Varchar)
        {
            problems.Add(new($"{path}.type", $"'{field.Name}' must be a varchar."));
        }
    }

    private static void RequireOne(IReadOnlyList<RecipientField> fields, RecipientFieldRole role, string what, List<FieldProblem> problems)
    {
        var count = fields.Count(field => field.EffectiveRole == role);
        if (count != 1)
        {
            problems.Add(new("$.fields", $"Exactly one field must be {what}; there {(count == 0 ? "is none" : $"are {count}")}."));
        }
    }
}
