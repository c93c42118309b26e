using System.Text;
using System.Text.RegularExpressions;
using Platform.Feeds.Tables;
using Platform.Files.Engine;
using Platform.ServiceDefaults;

namespace Platform.Feeds.Definitions;

/// <summary>What a definition must satisfy. Every problem is reported, each with the JSON path of its place.</summary>
internal static partial class DefinitionRules
{
    /// <summary>PostgreSQL cuts longer identifiers silently.</summary>
    private const int MaxIdentifierBytes = 63;

    private const int MaxKeyFields = 32;
    private const int MaxTagLength = 64;
    private const int MaxDescription = 1_000;
    internal const int MaxQuery = 20_000;

    public static List<FieldProblem> CheckName(string? source, string? name)
    {
        var problems = new List<FieldProblem>();
        CheckPart(source, "$.source", "Optimizely", problems);
        CheckPart(name, "$.name", "Events", problems);
        if (problems.Count == 0 && Encoding.UTF8.GetByteCount(DomainTableName(source!, name!)) is > MaxIdentifierBytes and var bytes)
        {
            problems.Add(new("$.name", $"The domain table's name '{DomainTableName(source!, name!)}' has {bytes} bytes in UTF-8; PostgreSQL allows {MaxIdentifierBytes}. Shorten the source or the name."));
        }

        return problems;
    }

    public static string DomainTableName(string source, string name) => $"{source}:{name}";

    /// <summary>The definition that <paramref name="input"/> describes; null, with the problems, when it describes none.</summary>
    public static FeedDefinition? Read(FeedInput input, List<FieldProblem> problems)
    {
        var before = problems.Count;
        var fields = ReadFields(input.Fields ?? [], problems);
        if (input.Fields is null or { Count: 0 })
        {
            problems.Add(new("$.fields", "No fields. Give at least one, or the sampleFileId of a landed file to infer them from."));
        }

        var key = ReadKey(input.PrimaryKey ?? [], fields, problems);
        if (input.Keyless == true && input.PrimaryKey is { Count: > 0 })
        {
            problems.Add(new("$.keyless", "There is a primaryKey too. Rows either have a key or are kept all: leave one of the two out."));
        }

        CheckLastUpdated(input, fields, problems);
        if (input.ErrorThresholdPercent is < 0 or > 100)
        {
            problems.Add(new("$.errorThresholdPercent", $"{input.ErrorThresholdPercent} is no percentage from 0 to 100."));
        }

        CheckDescription(input.Description, "$.description", problems);
        if (input.IngestQuery is { } query && (query.Length > MaxQuery || query.Contains('\0') || string.IsNullOrWhiteSpace(query)))
        {
            problems.Add(new("$.ingestQuery", $"Expected one SELECT of at most {MaxQuery} characters, none of them NUL; {query.Length} were given. Leave it out to load the files as they are."));
        }
        else if (input is { IngestQuery: not null, Drift: DriftPolicy.Add })
        {
            problems.Add(new("$.drift", "The ingest query decides which columns there are: 'add' has nothing to add. Use ignore or fail."));
        }

        if (input.HoldTruncateAbovePercent is < 0 or > 100)
        {
            problems.Add(new("$.holdTruncateAbovePercent", $"{input.HoldTruncateAbovePercent} is no percentage from 0 to 100."));
        }

        if (problems.Count > before)
        {
            return null;
        }

        var definition = new FeedDefinition
        {
            Description = input.Description,
            Fields = fields,
            PrimaryKey = key,
            Keyless = input.Keyless ?? false,
            LastUpdatedField = input.LastUpdatedField is null ? null : fields.First(field => Same(field.Name, input.LastUpdatedField)).Name,
            GenerateUpdatedField = input.GenerateUpdatedField ?? input.LastUpdatedField is null,
            ErrorThresholdPercent = input.ErrorThresholdPercent ?? 1,
            HoldTruncateAbovePercent = input.HoldTruncateAbovePercent ?? 50,
            MakeAvailableToStitch = input.MakeAvailableToStitch ?? false,
            IngestQuery = input.IngestQuery,
            Drift = input.Drift ?? DriftPolicy.Ignore,
        };
        problems.AddRange(CheckSize(definition));
        return problems.Count > before ? null : definition;
    }

    /// <summary>Whether a row of these fields can be stored: what finds no place in it shares a column, but keys and the like must have their own.</summary>
    public static IReadOnlyList<FieldProblem> CheckSize(FeedDefinition definition) =>
        definition.Fields.Count > RowLayout.MostFields ? [new("$.fields", $"{definition.Fields.Count} fields; a feed can have at most {RowLayout.MostFields}. Keep several in one json field.")]
        : !RowLayout.HasRoom(definition) ? [new("$.fields", "The key, the last updated field and the fields tagged fk- need columns of their own, and so many do not fit a row of PostgreSQL. Take the tag from some of them.")]
        : [];

    private static void CheckPart(string? part, string path, string example, List<FieldProblem> problems)
    {
        if (string.IsNullOrWhiteSpace(part))
        {
            problems.Add(new(path, $"Missing. Expected a name, for example '{example}'."));
        }
        else if (!TableNamePart().IsMatch(part))
        {
            problems.Add(new(path, $"'{part}' cannot be part of a table's name here. Allowed are letters, digits, spaces inside, and _ - . & ( ), beginning with a letter or digit."));
        }
    }

    private static List<FieldDefinition> ReadFields(IReadOnlyList<FieldInput?> inputs, List<FieldProblem> problems)
    {
        var fields = new List<FieldDefinition>(inputs.Count);
        var names = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        var incoming = new Dictionary<string, int>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < inputs.Count; i++)
        {
            var path = $"$.fields[{i}]";
            if (inputs[i] is not { } input)
            {
                problems.Add(new(path, "null is no field."));
                continue;
            }

            CheckField(input, path, problems);
            var incomingName = string.IsNullOrEmpty(input.IncomingName) ? input.Name : input.IncomingName;
            if (input.Name is not null && !names.TryAdd(input.Name, i))
            {
                problems.Add(new($"{path}.name", $"'{input.Name}' is also the name of $.fields[{names[input.Name]}]; names differ in more than upper and lower case."));
            }

            if (incomingName is not null && !incoming.TryAdd(incomingName, i))
            {
                problems.Add(new($"{path}.incomingName", $"'{incomingName}' is also read by $.fields[{incoming[incomingName]}]."));
            }

            fields.Add(new()
            {
                IncomingName = incomingName ?? "",
                Name = input.Name ?? "",
                Type = input.Type ?? FieldType.String,
                Precision = input.Precision,
                Scale = input.Scale,
                Pattern = input.Pattern,
                TimeZone = input.TimeZone,
                Required = input.Required,
                Description = input.Description,
                SemanticTags = [.. (input.SemanticTags ?? []).OfType<string>()],
            });
        }

        return fields;
    }

    private static void CheckField(FieldInput input, string path, List<FieldProblem> problems)
    {
        if (string.IsNullOrEmpty(input.Name))
        {
            problems.Add(new($"{path}.name", "Missing. Expected letters, digits and underscores."));
        }
        else if (!ColumnName().IsMatch(input.Name))
        {
            problems.Add(new($"{path}.name", $"'{input.Name}' is no column name here. Expected up to {MaxIdentifierBytes} letters (a-z), digits and underscores, not beginning with an underscore: that is kept for the platform's own columns."));
        }

        else if (DomainTable.SystemColumns.Contains(input.Name))
        {
            problems.Add(new($"{path}.name", $"Every table of PostgreSQL has a column '{input.Name}' of its own. Choose another name, for example '{input.Name}_value'; incomingName keeps the file's."));
        }

        if (input.Type is null)
        {
            problems.Add(new($"{path}.type", "Missing. Expected boolean, date, datetime, decimal, float, integer, string or json."));
        }

        if (input.Type != FieldType.Decimal && (input.Precision ?? input.Scale) is not null)
        {
            problems.Add(new($"{path}.precision", "Precision and scale belong to the type decimal only."));
        }

        if (input.Precision is < 1 or > LoadField.MaxPrecision)
        {
            problems.Add(new($"{path}.precision", $"{input.Precision} is outside 1 to {LoadField.MaxPrecision}."));
        }
        else if (input.Scale is < 0 or > 37 || input.Scale > (input.Precision ?? LoadField.MaxPrecision))
        {
            problems.Add(new($"{path}.scale", $"{input.Scale} is outside 0 to 37, or greater than the precision {input.Precision ?? LoadField.MaxPrecision}."));
        }

        CheckPattern(input, path, problems);
        CheckZone(input, path, problems);
        CheckDescription(input.Description, $"{path}.description", problems);
        var tags = input.SemanticTags ?? [];
        for (var i = 0; i < tags.Count; i++)
        {
            if (tags[i] is not { Length: <= MaxTagLength } tag || !SemanticTag().IsMatch(tag))
            {
                problems.Add(new($"{path}.semanticTags[{i}]", $"'{tags[i]}' is no semantic tag. Expected lower-case words such as given-name, email or fk-customer, at most {MaxTagLength} characters."));
            }
        }
    }

    private static void CheckPattern(FieldInput input, string path, List<FieldProblem> problems)
    {
        if (input.Pattern is null)
        {
            return;
        }

        if (input.Type is not (FieldType.Date or FieldType.Datetime))
        {
            problems.Add(new($"{path}.pattern", "A pattern belongs to the types date and datetime only."));
        }
        else if (!DatetimePattern.TryParse(input.Pattern, out var pattern, out var problem))
        {
            problems.Add(new($"{path}.pattern", $"The pattern {problem}"));
        }
        else if (input.Type == FieldType.Date && pattern.HasTime)
        {
            problems.Add(new($"{path}.pattern", "The pattern has a time of day, which a date cannot keep. Expected a pattern of the day only, or the type datetime."));
        }
    }

    private static void CheckZone(FieldInput input, string path, List<FieldProblem> problems)
    {
        if (input.TimeZone is null)
        {
            return;
        }

        if (input.Type is not FieldType.Datetime)
        {
            problems.Add(new($"{path}.timeZone", "A time zone belongs to the type datetime only."));
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(input.TimeZone, out var zone) || !zone.HasIanaId)
        {
            problems.Add(new($"{path}.timeZone", "This is no time zone of the IANA database; expected a name like Europe/Berlin."));
        }
    }

    /// <summary>What is allowed and yet perhaps not meant.</summary>
    public static List<FieldProblem> Warnings(FeedDefinition definition) =>
    [
        .. definition.Fields.SelectMany((field, i) => field.SemanticTags.Select((tag, j) => (Path: $"$.fields[{i}].semanticTags[{j}]", Tag: tag, Meant: SemanticTags.Meant(tag))))
            .Where(found => found.Meant is not null).Select(found => new FieldProblem(found.Path, $"'{found.Tag}' is a tag of your own. Was '{found.Meant}' meant?")),
    ];

    private static void CheckDescription(string? description, string path, List<FieldProblem> problems)
    {
        if (description?.Length > MaxDescription || description?.Contains('\0') == true)
        {
            problems.Add(new(path, $"Expected at most {MaxDescription} characters, none of them NUL; {description.Length} were given."));
        }
    }

    private static List<string> ReadKey(IReadOnlyList<string?> names, List<FieldDefinition> fields, List<FieldProblem> problems)
    {
        var key = new List<string>(names.Count);
        if (names.Count > MaxKeyFields)
        {
            problems.Add(new("$.primaryKey", $"{names.Count} fields; a key can have at most {MaxKeyFields}."));
        }

        for (var i = 0; i < names.Count; i++)
        {
            var path = $"$.primaryKey[{i}]";
            var field = fields.Find(field => Same(field.Name, names[i]));
            if (field is null)
            {
                problems.Add(new(path, $"There is no field '{names[i]}'."));
            }
            else if (field.Type is FieldType.Json or FieldType.Float)
            {
                problems.Add(new(path, $"The field '{field.Name}' has the type {(field.Type == FieldType.Json ? "json" : "float")}, by which rows cannot be told apart reliably. Use another type or field."));
            }
            else if (key.Contains(field.Name))
            {
                problems.Add(new(path, $"The field '{field.Name}' is named twice."));
            }
            else
            {
                key.Add(field.Name);
            }
        }

        return key;
    }

    private static void CheckLastUpdated(FeedInput input, List<FieldDefinition> fields, List<FieldProblem> problems)
    {
        if (input.Keyless == true && input.LastUpdatedField is not null)
        {
            problems.Add(new("$.lastUpdatedField", "Rows without a key never replace each other, so that nothing is to be decided. Leave it out."));
        }

        if (input.LastUpdatedField is null)
        {
            if (input.GenerateUpdatedField == false)
            {
                problems.Add(new("$.generateUpdatedField", "There is no lastUpdatedField either. Name one, or let the updated field be generated."));
            }

            return;
        }

        var field = fields.Find(field => Same(field.Name, input.LastUpdatedField));
        if (field is null)
        {
            problems.Add(new("$.lastUpdatedField", $"There is no field '{input.LastUpdatedField}'."));
        }
        else if (field.Type is not (FieldType.Datetime or FieldType.Integer))
        {
            problems.Add(new("$.lastUpdatedField", $"The field '{field.Name}' has the type {field.Type.ToString().ToLowerInvariant()}. Expected datetime or integer."));
        }

        if (input.GenerateUpdatedField == true)
        {
            problems.Add(new("$.generateUpdatedField", "There is a lastUpdatedField already; one of the two decides which row wins."));
        }
    }

    private static bool Same(string name, string? other) => string.Equals(name, other, StringComparison.OrdinalIgnoreCase);

    [GeneratedRegex(@"^[\p{L}\p{Nd}]([\p{L}\p{Nd} _\-.&()]*[\p{L}\p{Nd}_\-.&()])?\z")]
    private static partial Regex TableNamePart();

    [GeneratedRegex(@"^[A-Za-z0-9][A-Za-z0-9_]{0,62}\z")]
    private static partial Regex ColumnName();

    [GeneratedRegex(@"^[a-z0-9]+([-._/][a-z0-9]+)*\z")]
    private static partial Regex SemanticTag();
}
